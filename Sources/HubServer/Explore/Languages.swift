/// The languages that adapters are for, by the codes that cards write.

enum Languages {
  /// The name of a code; nil for one that is not known.
  static func name(_ code: String) -> String? { names[code] }

  /// A card's word for a language as a code: `English`, `en-US` and `EN` are `en`.
  ///
  /// - Returns: nil for what is no language.
  static func code(_ text: String) -> String? {
    let folded = text.lowercased().replacing("-", with: "_")
    if names[folded] != nil { return folded }
    if let code = codes[text.lowercased()] { return code }
    let start = String(folded.prefix { $0 != "_" })
    if names[start] != nil { return start }
    // Two and three letters are a code that the list lacks; longer ones are words.
    return (2...3).contains(start.utf8.count) && start.utf8.allSatisfy { (97...122).contains($0) }
      ? start : nil
  }

  private static let codes = Dictionary(
    names.map { ($0.value.lowercased(), $0.key) }, uniquingKeysWith: { min($0, $1) })

  // The original hub's 97, and those that have been asked for since.
  private static let names: [String: String] = [
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "as": "Assamese", "ast": "Asturian",
    "az": "Azerbaijani", "ba": "Bashkir", "be": "Belarusian", "bg": "Bulgarian", "bh": "Bhojpuri",
    "bn": "Bengali", "bo": "Tibetan", "br": "Breton", "bs": "Bosnian", "bxr": "Buryat",
    "ca": "Catalan", "cdo": "Min Dong", "ceb": "Cebuano", "co": "Corsican", "cs": "Czech",
    "cy": "Welsh", "da": "Danish", "de": "German", "dv": "Dhivehi", "dz": "Dzongkha", "ee": "Ewe",
    "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "fa": "Persian", "ff": "Fula", "fi": "Finnish", "fo": "Faroese",
    "fr": "French", "fy": "Western Frisian", "ga": "Irish", "gd": "Scottish Gaelic",
    "gl": "Galician", "gn": "Guarani", "gsw": "Swiss German", "gu": "Gujarati", "ha": "Hausa",
    "haw": "Hawaiian", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hsb": "Upper Sorbian",
    "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "ig": "Igbo",
    "ilo": "Ilocano", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "jv": "Javanese",
    "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean",
    "ku": "Kurdish", "kv": "Komi", "kw": "Cornish", "ky": "Kyrgyz", "la": "Latin",
    "lb": "Luxembourgish", "lg": "Ganda", "ln": "Lingala", "lo": "Lao", "lt": "Lithuanian",
    "lv": "Latvian", "mg": "Malagasy", "mhr": "Meadow Mari", "mi": "Māori", "mk": "Macedonian",
    "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese",
    "my": "Burmese", "myv": "Erzya", "nb": "Norwegian Bokmål", "ne": "Nepali", "nl": "Dutch",
    "nn": "Norwegian Nynorsk", "no": "Norwegian", "ny": "Chichewa", "oc": "Occitan",
    "om": "Oromo", "or": "Odia", "pa": "Punjabi", "pl": "Polish", "ps": "Pashto",
    "pt": "Portuguese", "qu": "Quechua", "rm": "Romansh", "ro": "Romanian", "ru": "Russian",
    "rw": "Kinyarwanda", "sa": "Sanskrit", "sd": "Sindhi", "se": "Northern Sami", "si": "Sinhala",
    "sk": "Slovak", "sl": "Slovenian", "sn": "Shona", "so": "Somali", "sq": "Albanian",
    "sr": "Serbian", "st": "Southern Sotho", "su": "Sundanese", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "tg": "Tajik", "th": "Thai", "ti": "Tigrinya", "tk": "Turkmen",
    "tl": "Tagalog", "tn": "Tswana", "tr": "Turkish", "ts": "Tsonga", "tt": "Tatar",
    "ug": "Uyghur", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese",
    "wo": "Wolof", "xh": "Xhosa", "xmf": "Mingrelian", "yi": "Yiddish", "yo": "Yoruba",
    "zh": "Chinese", "zh_yue": "Cantonese", "zu": "Zulu",
  ]
}
