/// Values for slots that the package leaves to the user's home: names of our own making.
enum HomeNames {
  /// The values of a list the package gives no values for, or of the slot `name` of a domain.
  static let values: [String: [String]] = [
    "area": [
      "kitchen", "living room", "bedroom", "bathroom", "hallway", "office", "garage", "garden",
      "dining room", "guest room", "nursery", "attic", "basement", "laundry room", "balcony",
      "study", "entrance", "playroom", "workshop", "conservatory",
    ],
    // The templates may add the word "floor".
    "floor": ["ground", "first", "second", "third", "top", "upper", "upstairs", "downstairs"],
    "message": [
      "dinner is ready", "the taxi is here", "we leave in ten minutes", "it is bedtime",
      "the movie starts now", "breakfast is on the table", "grandma is at the door",
      "please come down", "the cake is done", "school starts at nine", "the bus is late today",
      "someone left the tap running",
    ],
    "search_query": [
      "bohemian rhapsody", "the beatles", "morning jazz", "abbey road", "clair de lune",
      "the daily news", "rain sounds", "nina simone", "blue in green", "summer hits", "star tales",
      "the four seasons", "piano lullabies", "miles davis", "whale songs", "sunday folk",
    ],
    "zone": ["home", "work", "school", "the gym", "the office", "the station"],
    "timer_name": [
      "pizza", "pasta", "laundry", "tea", "egg", "homework", "workout", "bread", "nap", "roast",
    ],
    "timer_command": [
      "open the garage door", "turn off the oven", "lock the front door", "start the dishwasher",
      "close the blinds", "turn on the porch light",
    ],
    "shopping_list_item": [
      "milk", "eggs", "brown bread", "olive oil", "apples", "coffee beans", "dish soap", "butter",
      "tomatoes", "oat milk", "toilet paper", "rice", "chicken breast", "orange juice", "batteries",
      "cat food", "dark chocolate", "onions", "green tea", "yoghurt",
    ],
    "light": ["desk lamp", "ceiling light", "floor lamp", "reading light", "fairy lights"],
    "switch": ["coffee maker", "heater", "christmas tree", "fountain", "charger"],
    "fan": ["ceiling fan", "desk fan", "tower fan", "extractor fan"],
    "media_player": ["tv", "radio", "speaker", "soundbar", "record player"],
    "input_boolean": ["vacation mode", "guest mode"],
    "climate": ["thermostat", "air conditioner", "floor heating", "heat pump"],
    "cover": ["roller blinds", "garage door", "left curtain", "skylight", "awning"],
    "valve": ["water valve", "sprinkler valve", "gas valve"],
    "lock": ["front door", "back door", "side gate", "cellar door"],
    "scene": ["movie night", "romantic dinner", "good morning", "reading time"],
    "script": ["bedtime routine", "party mode", "leaving home"],
    "button": ["doorbell", "reset button", "panic button"],
    "input_button": ["guest bell"],
    "weather": [
      "oslo", "lisbon", "new york", "nairobi", "tokyo", "santiago", "cape town", "vienna", "galway",
      "san francisco", "chennai", "wellington",
    ],
    "sensor": ["washing machine", "air quality sensor", "rain gauge", "power meter"],
    "binary_sensor": ["kitchen window", "patio door", "motion sensor", "cellar hatch"],
    "person": ["alice", "bob", "carmen", "deniz", "eve", "farid"],
  ]
}
