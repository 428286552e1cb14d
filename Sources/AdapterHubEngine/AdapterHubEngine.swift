/// The engine for applications that train and predict, and need no hub: base models, adapters, tasks.
///
/// What is exported is chosen: what an application begins with, and what it is given. Names that an
/// application has for itself, or from another library, are not in its way: `Label`, `Layout`, `Batch`.
public import BaseModels
@_exported public import struct Adapters.Adapter
@_exported public import enum Adapters.AdapterHeads
@_exported public import enum Adapters.AdapterMethods
@_exported public import protocol Adapters.AdapterTask
@_exported public import enum Adapters.AdapterTasks
@_exported public import enum Adapters.Aggregation
@_exported public import struct Adapters.BoundAdapter
@_exported public import struct Adapters.Composition
@_exported public import enum Adapters.EngineThread
@_exported public import struct Adapters.Evaluation
@_exported public import enum Adapters.HiddenStates
@_exported public import struct Adapters.ModelInput
@_exported public import struct Adapters.ModelOutput
@_exported public import struct Adapters.PredictionOptions
@_exported public import struct Adapters.QuestionAnswering
@_exported public import struct Adapters.QuestionOptions
@_exported public import struct Adapters.Setup
@_exported public import class Adapters.Setups
@_exported public import protocol Adapters.TaskAnswer
@_exported public import struct Adapters.TaskSettings
@_exported public import struct Adapters.TextAnswer
@_exported public import struct Adapters.TextClassification
@_exported public import struct Adapters.TextInput
@_exported public import struct Adapters.TextModel
@_exported public import struct Adapters.TextRequest
@_exported public import struct Adapters.TokenClassification
@_exported public import struct Adapters.Training
@_exported public import struct Adapters.TrainingRecord
@_exported public import struct Adapters.TrainingSettings
@_exported public import struct BaseModels.BaseModel
@_exported public import struct BaseModels.BaseShape
@_exported public import enum BaseModels.InputFailure
@_exported public import enum BaseModels.ModelFamilies
@_exported public import struct BaseModels.PassOptions
@_exported public import struct Datasets.Dataset
@_exported public import struct Datasets.LabelSet
@_exported public import struct Datasets.LabelledText
@_exported public import struct Datasets.QuestionRow
@_exported public import struct Datasets.TaggedTokens
@_exported public import struct Files.FileFailure
@_exported public import enum Files.JSON
@_exported public import enum Tensors.Precision
@_exported public import enum Tensors.Schedule
@_exported public import struct Tensors.Tensor
@_exported public import func Tensors.setThreadCount
@_exported public import struct Tokenization.Tokenizer

/// Token ids as a model reads them: what ``ModelInput`` is made of.
public typealias TokenSequence = Batch.Sequence
