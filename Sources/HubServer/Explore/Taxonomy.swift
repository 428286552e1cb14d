/// The tasks that adapters are for: one list, in which a task or a data set is one line.

/// What an adapter does, and the data sets it is trained on.
struct TaskGroup: Sendable {
  /// As identifiers such as `sentiment/sst-2` have it.
  let id: String
  let name: String
  let description: String
  /// The `pipeline_tag` of a card for it.
  let pipeline: String
  let subtasks: [Subtask]

  init(
    _ id: String, _ name: String, _ pipeline: String, _ description: String,
    _ subtasks: [Subtask] = []
  ) {
    self.id = id
    self.name = name
    self.pipeline = pipeline
    self.description = description
    self.subtasks = subtasks
  }
}

/// A data set that a task is learned from.
struct Subtask: Sendable {
  let id: String
  let name: String
  let description: String
  /// What is compared between adapters; nil where that is not agreed on.
  let metric: String?
  /// The ids that cards name the data set by.
  let datasets: [String]
  let language: String?

  init(
    _ id: String, _ name: String, _ description: String, metric: String? = nil,
    datasets: [String] = [], language: String? = "en"
  ) {
    self.id = id
    self.name = name
    self.description = description
    self.metric = metric
    self.datasets = datasets
    self.language = language
  }
}

enum Taxonomy {
  /// The task of adapters that teach a model a language, rather than what to do with it.
  static let language = "language"

  static func task(_ id: String) -> TaskGroup? { tasksByID[id] }

  static func subtask(_ id: String) -> (task: TaskGroup, subtask: Subtask)? {
    subtasksByID[id].map { ($0.0, $0.1) }
  }

  /// `task/subtask` of a data set, by the id that cards have for it.
  static func subtask(dataset: String) -> String? { subtasksByDataset[dataset.lowercased()] }

  /// The task of a `pipeline_tag`, where nothing better is known.
  static func task(pipeline: String) -> String? { tasksByPipeline[pipeline] }

  /// How people read a task's id; one that is not in the list stays as it is.
  static func name(task id: String) -> String { tasksByID[id]?.name ?? id }

  static func name(subtask id: String) -> String {
    if let known = subtasksByID[id] { return known.1.name }
    let parts = id.split(separator: "/", maxSplits: 1).map(String.init)
    if parts.count == 2, let language = Languages.name(parts[0]) {
      return "\(language), \(parts[1])"
    }
    return parts.last ?? id
  }

  private static let tasksByID = Dictionary(
    tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  private static let subtasksByID = Dictionary(
    tasks.flatMap { task in task.subtasks.map { ("\(task.id)/\($0.id)", (task, $0)) } },
    uniquingKeysWith: { first, _ in first })
  private static let subtasksByDataset = Dictionary(
    tasks.flatMap { task in
      task.subtasks.flatMap { subtask in
        subtask.datasets.map { ($0.lowercased(), "\(task.id)/\(subtask.id)") }
      }
    }, uniquingKeysWith: { first, _ in first })
  private static let tasksByPipeline: [String: String] = [
    "text-classification": "text-classification", "zero-shot-classification": "nli",
    "token-classification": "token-classification", "question-answering": "qa",
    "table-question-answering": "qa", "summarization": "sum", "translation": "mt",
    "text-generation": "lm", "text2text-generation": "text2text", "fill-mask": "fill-mask",
    "feature-extraction": "embedding", "sentence-similarity": "sts",
    "multiple-choice": "multiple-choice", "dependency-parsing": "dp", "text-ranking": "ranking",
    "text-retrieval": "embedding", "image-classification": "image-classification",
    "automatic-speech-recognition": "speech",
  ]

  // The original hub's 26 tasks and 58 subtasks by its ids, and what has been asked for since.
  static let tasks: [TaskGroup] = [
    TaskGroup(
      "sentiment", "Sentiment", "text-classification",
      "Whether a text speaks well or badly of its subject.",
      [
        Subtask(
          "sst-2", "SST-2", "Sentences of film reviews, positive or negative.", metric: "accuracy",
          datasets: ["sst2", "stanfordnlp/sst2", "glue/sst2"]),
        Subtask(
          "imdb", "IMDb", "Whole film reviews, positive or negative.", metric: "accuracy",
          datasets: ["imdb", "stanfordnlp/imdb"]),
        Subtask(
          "rotten_tomatoes", "Rotten Tomatoes", "Short verdicts of film critics.",
          metric: "accuracy",
          datasets: ["rotten_tomatoes", "cornell-movie-review-data/rotten_tomatoes"]),
        Subtask(
          "hinglish-twitter-sentiment", "Hinglish tweets",
          "Posts that mix Hindi and English: positive, neutral or negative.", metric: "f1",
          language: "hi"),
        Subtask(
          "amazon", "Amazon reviews", "Product reviews by their stars.", metric: "accuracy",
          datasets: ["amazon_polarity", "amazon_reviews_multi", "fancyzhx/amazon_polarity"]),
        Subtask(
          "yelp", "Yelp reviews", "Reviews of places by their stars.", metric: "accuracy",
          datasets: ["yelp_polarity", "yelp_review_full", "fancyzhx/yelp_polarity"]),
      ]),
    TaskGroup(
      "emotion", "Emotion", "text-classification",
      "Which feeling a text expresses: joy, anger, fear and others.",
      [
        Subtask(
          "emotion", "Emotion", "Posts with one of six basic feelings.", metric: "f1",
          datasets: ["emotion", "dair-ai/emotion"]),
        Subtask(
          "go_emotions", "GoEmotions", "Comments with one or more of 27 feelings.", metric: "f1",
          datasets: ["go_emotions", "google-research-datasets/go_emotions"]),
      ]),
    TaskGroup(
      "intent", "Intent", "text-classification",
      "What a person wants from an assistant, recognised from one sentence.",
      [
        Subtask(
          "banking77", "Banking77", "Customers' questions to a bank, 77 intents.",
          metric: "accuracy", datasets: ["banking77", "PolyAI/banking77"]),
        Subtask(
          "clinc150", "CLINC150", "Requests to an assistant, 150 intents and some beyond them.",
          metric: "accuracy", datasets: ["clinc_oos", "clinc/clinc_oos"]),
        Subtask(
          "massive", "MASSIVE intents", "Requests to a voice assistant in 51 languages.",
          metric: "accuracy", datasets: ["AmazonScience/massive", "massive"], language: nil),
        Subtask(
          "snips", "Snips", "Requests to a voice assistant, seven intents.", metric: "accuracy",
          datasets: ["snips_built_in_intents"]),
      ]),
    TaskGroup(
      "toxicity", "Toxicity", "text-classification",
      "Whether a text insults, threatens or attacks somebody.",
      [
        Subtask(
          "civil_comments", "Civil Comments", "Readers' comments, rated for toxicity.",
          metric: "f1", datasets: ["civil_comments", "google/civil_comments"]),
        Subtask(
          "hate_speech", "Hate speech", "Posts that attack groups of people.", metric: "f1",
          datasets: ["hate_speech18", "tweet_eval/hate", "hatexplain", "hate_speech_offensive"]),
      ]),
    TaskGroup(
      "nli", "Natural language inference", "text-classification",
      "Whether one sentence follows from another, contradicts it, or neither.",
      [
        Subtask(
          "multinli", "MultiNLI", "Pairs of sentences from ten kinds of text.", metric: "accuracy",
          datasets: ["multi_nli", "nyu-mll/multi_nli", "glue/mnli"]),
        Subtask(
          "qnli", "QNLI", "Whether a sentence answers a question.", metric: "accuracy",
          datasets: ["glue/qnli"]),
        Subtask(
          "rte", "RTE", "Pairs from news and encyclopaedia: does the second follow?",
          metric: "accuracy", datasets: ["glue/rte", "super_glue/rte"]),
        Subtask(
          "cb", "CommitmentBank", "How far a writer commits to a clause inside a sentence.",
          metric: "accuracy", datasets: ["super_glue/cb"]),
        Subtask(
          "scitail", "SciTail",
          "Statements from school science and sentences that may support them.",
          metric: "accuracy", datasets: ["scitail", "allenai/scitail"]),
        Subtask(
          "sick", "SICK", "Simple sentences that differ in meaning step by step.",
          metric: "accuracy", datasets: ["sick"]),
        Subtask(
          "xnli", "XNLI", "MultiNLI's test questions in 15 languages.", metric: "accuracy",
          datasets: ["xnli", "facebook/xnli"], language: nil),
      ]),
    TaskGroup(
      "sts", "Semantic similarity", "sentence-similarity",
      "How close two texts are in what they mean.",
      [
        Subtask(
          "sts-b", "STS-B", "Pairs of sentences with a similarity from 0 to 5.",
          metric: "spearman", datasets: ["glue/stsb", "stsb_multi_mt"]),
        Subtask(
          "mrpc", "MRPC", "Sentences from news: do they say the same?", metric: "accuracy",
          datasets: ["glue/mrpc"]),
        Subtask(
          "qqp", "QQP", "Questions from Quora: do they ask the same?", metric: "accuracy",
          datasets: ["glue/qqp", "quora"]),
        Subtask(
          "stackexchange", "StackExchange", "Questions of 140 forums and answers that fit them.",
          metric: "accuracy"),
      ]),
    TaskGroup(
      "qa", "Question answering", "question-answering",
      "Answers a question from a text, by a part of it or by yes and no.",
      [
        Subtask(
          "squad1", "SQuAD 1.1", "Questions on encyclopaedia articles, answered by a passage.",
          metric: "f1", datasets: ["squad", "rajpurkar/squad"]),
        Subtask(
          "squad2", "SQuAD 2.0", "The same with questions that the article does not answer.",
          metric: "f1", datasets: ["squad_v2", "rajpurkar/squad_v2"]),
        Subtask(
          "boolq", "BoolQ", "Questions that people asked a search engine, answered by yes or no.",
          metric: "accuracy", datasets: ["boolq", "google/boolq", "super_glue/boolq"]),
        Subtask(
          "cq", "ComplexQuestions", "Questions that need several facts of a knowledge base.",
          metric: "f1"),
        Subtask(
          "narrativeqa", "NarrativeQA", "Questions on whole books and film scripts.",
          metric: "rouge", datasets: ["narrativeqa", "deepmind/narrativeqa"]),
        Subtask(
          "wikihop", "WikiHop", "Questions that need several articles read together.",
          metric: "accuracy", datasets: ["wiki_hop"]),
        Subtask(
          "hotpotqa", "HotpotQA",
          "Questions over two articles, with the sentences that support them.",
          metric: "f1", datasets: ["hotpot_qa", "hotpotqa/hotpot_qa"]),
        Subtask(
          "newsqa", "NewsQA", "Questions on news articles.", metric: "f1", datasets: ["newsqa"]),
      ]),
    TaskGroup(
      "rc", "Reading comprehension", "multiple-choice",
      "Chooses or finds answers that need the text to be understood as a whole.",
      [
        Subtask(
          "race", "RACE", "English examinations of Chinese schools, four choices.",
          metric: "accuracy", datasets: ["race", "ehovy/race"]),
        Subtask(
          "multirc", "MultiRC", "Several right answers for each question.", metric: "f1",
          datasets: ["super_glue/multirc"]),
        Subtask(
          "record", "ReCoRD", "A gap in a summary of a news article, filled with a name of it.",
          metric: "f1", datasets: ["super_glue/record"]),
      ]),
    TaskGroup(
      "comsense", "Common sense", "multiple-choice",
      "Chooses what fits best, by what everybody knows about the world.",
      [
        Subtask(
          "csqa", "CommonsenseQA", "Questions with five choices about everyday things.",
          metric: "accuracy", datasets: ["commonsense_qa", "tau/commonsense_qa"]),
        Subtask(
          "cosmosqa", "Cosmos QA", "Causes and effects that a story leaves unsaid.",
          metric: "accuracy", datasets: ["cosmos_qa", "allenai/cosmos_qa"]),
        Subtask(
          "hellaswag", "HellaSwag", "How a described scene goes on.", metric: "accuracy",
          datasets: ["hellaswag", "Rowan/hellaswag"]),
        Subtask(
          "siqa", "Social IQA", "What people feel and do, and why.", metric: "accuracy",
          datasets: ["social_i_qa", "allenai/social_i_qa"]),
        Subtask(
          "winogrande", "WinoGrande", "Which of two a word refers to.", metric: "accuracy",
          datasets: ["winogrande", "allenai/winogrande"]),
        Subtask(
          "copa", "COPA", "Which of two sentences is a cause or an effect.", metric: "accuracy",
          datasets: ["super_glue/copa"]),
      ]),
    TaskGroup(
      "multiple-choice", "Multiple choice", "multiple-choice",
      "Chooses one of several answers to a question.",
      [
        Subtask(
          "swag", "SWAG", "How a described situation goes on.", metric: "accuracy",
          datasets: ["swag", "allenai/swag"])
      ]),
    TaskGroup(
      "ner", "Named entities", "token-classification",
      "Finds the names of people, places, organisations and other things in a text.",
      [
        Subtask(
          "conll2003", "CoNLL-2003", "News: people, places, organisations and others.",
          metric: "f1", datasets: ["conll2003", "eriktks/conll2003"]),
        Subtask(
          "mit_movie_trivia", "MIT Movies", "Questions about films: titles, actors, plots.",
          metric: "f1"),
        Subtask(
          "ontonotes", "OntoNotes 5", "18 kinds of names in several kinds of text.", metric: "f1",
          datasets: ["ontonotes", "tner/ontonotes5"]),
      ]),
    TaskGroup(
      "wikiann", "WikiANN entities", "token-classification",
      "People, places and organisations in encyclopaedia sentences, language by language.",
      [
        Subtask("ar", "WikiANN Arabic", "The Arabic part.", metric: "f1", language: "ar"),
        Subtask("en", "WikiANN English", "The English part.", metric: "f1"),
        Subtask("ja", "WikiANN Japanese", "The Japanese part.", metric: "f1", language: "ja"),
        Subtask("zh", "WikiANN Chinese", "The Chinese part.", metric: "f1", language: "zh"),
      ]),
    TaskGroup(
      "slots", "Slot filling", "token-classification",
      "Finds the details of a request to an assistant: which lamp, what time, which song.",
      [
        Subtask(
          "atis", "ATIS", "Questions about flights.", metric: "f1", datasets: ["tuetschek/atis"]),
        Subtask(
          "snips", "Snips slots", "Details of requests to a voice assistant.", metric: "f1"),
      ]),
    TaskGroup(
      "pos", "Parts of speech", "token-classification",
      "Whether each word is a noun, a verb, an adjective and so on.",
      [
        Subtask("conll2003", "CoNLL-2003", "News with part-of-speech tags.", metric: "f1"),
        Subtask(
          "ldc2012t13", "English Web Treebank", "Blogs, mails and reviews with tags.",
          metric: "f1"),
        Subtask("ud_ewt", "UD English EWT", "The same texts with universal tags.", metric: "f1"),
      ]),
    TaskGroup(
      "chunk", "Chunking", "token-classification",
      "Cuts a sentence into phrases that belong together.",
      [
        Subtask(
          "conll2000", "CoNLL-2000", "Newspaper text cut into eleven kinds of phrases.",
          metric: "f1", datasets: ["conll2000", "eriktks/conll2000"]),
        Subtask("conll2003", "CoNLL-2003", "News cut into phrases.", metric: "f1"),
      ]),
    TaskGroup(
      "semtag", "Semantic tags", "token-classification",
      "What each word contributes to the meaning of its sentence.",
      [
        Subtask(
          "pmb", "Parallel Meaning Bank", "Sentences with a semantic tag for each word.",
          metric: "accuracy")
      ]),
    TaskGroup(
      "ged", "Grammatical errors", "token-classification",
      "Finds the words of a sentence that are wrong.",
      [
        Subtask(
          "fce", "FCE", "Essays of people who learn English, with their errors marked.",
          metric: "f0.5")
      ]),
    TaskGroup(
      "deprel", "Dependency relations", "token-classification",
      "By which relation each word depends on another.",
      [Subtask("ud_ewt", "UD English EWT", "Web text with its relations.", metric: "accuracy")]),
    TaskGroup(
      "dp", "Dependency parsing", "token-classification",
      "Which word each word depends on, and how: the tree of a sentence.",
      [
        Subtask(
          "ud_ewt", "UD English EWT", "Web text with its trees.", metric: "las",
          datasets: ["universal_dependencies"])
      ]),
    TaskGroup(
      "token-classification", "Token classification", "token-classification",
      "Gives each word of a text a label of its own."),
    TaskGroup(
      "text-classification", "Text classification", "text-classification",
      "Gives a text one label, or several.",
      [
        Subtask(
          "ag_news", "AG News", "News by section: world, sport, business, science.",
          metric: "accuracy", datasets: ["ag_news", "fancyzhx/ag_news"]),
        Subtask(
          "trec", "TREC questions", "Questions by what they ask for.", metric: "accuracy",
          datasets: ["trec", "CogComp/trec"]),
      ]),
    TaskGroup(
      "lingaccept", "Acceptability", "text-classification",
      "Whether a sentence is one that a speaker of the language would say.",
      [
        Subtask(
          "cola", "CoLA", "Example sentences from books on linguistics.", metric: "matthews",
          datasets: ["glue/cola"])
      ]),
    TaskGroup(
      "formality_classify", "Formality", "text-classification",
      "Whether a sentence is formal or informal.",
      [
        Subtask(
          "gyafc", "GYAFC", "Answers from a forum, as written and put formally.",
          metric: "accuracy", datasets: ["gyafc"])
      ]),
    TaskGroup(
      "dialect", "Dialect", "text-classification",
      "Which region a text comes from, by how it is written.",
      [
        Subtask(
          "arabic", "Arabic dialects", "Posts from Arabic-speaking countries.",
          metric: "accuracy", language: "ar")
      ]),
    TaskGroup(
      "argument", "Argument mining", "text-classification",
      "Whether a sentence argues for or against something.",
      [
        Subtask(
          "ukpsent", "UKP sentential arguments",
          "Sentences on disputed topics: for, against, no argument.", metric: "accuracy")
      ]),
    TaskGroup(
      "wordsense", "Word senses", "text-classification",
      "Which meaning of a word is meant.",
      [
        Subtask(
          "wic", "WiC", "Whether a word means the same in two sentences.", metric: "accuracy",
          datasets: ["super_glue/wic"])
      ]),
    TaskGroup(
      "quality_estimation", "Quality estimation", "text-classification",
      "How good a translation is, without another to compare it with.",
      [
        Subtask(
          "wmt21", "WMT21", "Translations in seven pairs of languages with human ratings.",
          metric: "pearson", language: nil)
      ]),
    TaskGroup(
      "sum", "Summarization", "summarization", "A long text in a few sentences.",
      [
        Subtask(
          "cnn_dailymail", "CNN/Daily Mail", "News articles with their highlights.",
          metric: "rouge-2", datasets: ["cnn_dailymail", "abisee/cnn_dailymail"]),
        Subtask(
          "xsum", "XSum", "News articles, each in one sentence.", metric: "rouge-2",
          datasets: ["xsum", "EdinburghNLP/xsum"]),
        Subtask(
          "samsum", "SAMSum", "Chats with a summary.", metric: "rouge-2", datasets: ["samsum"]),
      ]),
    TaskGroup(
      "mt", "Translation", "translation", "A text in another language.",
      [
        Subtask(
          "wmt16_en_ro", "WMT16 English–Romanian", "News and parliament, from English to Romanian.",
          metric: "bleu", datasets: ["wmt16"], language: "ro")
      ]),
    TaskGroup(
      "text2text", "Text to text", "text2text-generation",
      "Writes a text from another one: rewriting, correcting, transforming."),
    TaskGroup(
      "lm", "Text generation", "text-generation",
      "Continues a text in the manner of what it was trained on.",
      [
        Subtask(
          "poem", "Poems", "Lines of English poetry.", metric: "perplexity",
          datasets: ["poem_sentiment"])
      ]),
    TaskGroup(
      "fill-mask", "Masked words", "fill-mask",
      "Adapts a model to a kind of text by the words that are missing in it."),
    TaskGroup(
      "mlki", "Multilingual knowledge", "fill-mask",
      "Brings facts of a knowledge base into a multilingual model.",
      [
        Subtask("ep", "Entities, phrases", "Names of entities across languages.", language: nil),
        Subtask("es", "Entities, sentences", "Entities within sentences.", language: nil),
        Subtask("tp", "Triples, phrases", "Facts of three parts as phrases.", language: nil),
        Subtask(
          "ts", "Triples, sentences", "Facts of three parts within sentences.", language: nil),
      ]),
    TaskGroup(
      "embedding", "Embeddings", "feature-extraction",
      "Turns a text into a vector, so that texts of like meaning lie close together.",
      [
        Subtask(
          "msmarco", "MS MARCO", "Questions of a search engine and passages that answer them.",
          metric: "mrr", datasets: ["ms_marco", "microsoft/ms_marco"])
      ]),
    TaskGroup("ranking", "Ranking", "text-ranking", "Orders passages by how well they answer."),
    TaskGroup(
      "image-classification", "Image classification", "image-classification",
      "Says what a picture shows."),
    TaskGroup(
      "speech", "Speech recognition", "automatic-speech-recognition",
      "Writes down what is said."),
    TaskGroup(
      "language", "Language adapters", "fill-mask",
      "Teach a model a language; an adapter for a task is stacked on top."),
  ]
}
