/// The description of the interface, made of the endpoints themselves.
internal import Files
internal import HTTPTypes

/// An OpenAPI 3.0 document.
func openAPI(_ endpoints: [Endpoint], baseURL: String) -> JSON {
  var paths = JSON.Object()
  for endpoint in endpoints where endpoint.kind == .program {
    let path = openPath(endpoint.pattern)
    var methods: JSON.Object = if case .object(let known)? = paths[path] { known } else { .init() }
    methods[endpoint.method.rawValue.lowercased()] = operation(endpoint)
    paths[path] = .object(methods)
  }
  return [
    "openapi": "3.0.3",
    "info": [
      "title": "AdapterHub", "version": "1",
      "description":
        "The registry of adapters. It speaks the protocol of the Hugging Face Hub for models.",
    ],
    "servers": [["url": .string(baseURL)]],
    "paths": .object(paths),
    "components": [
      "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
      "schemas": [
        "Problem": [
          "type": "object", "properties": ["error": ["type": "string"]],
        ]
      ],
    ],
    "security": [JSON.object(.init()), ["token": []]],
  ]
}

/// `{repo}` is two parts to those who fill it in.
private func openPath(_ pattern: PathPattern) -> String {
  var path = ""
  for part in pattern.parts {
    switch part {
    case .literal(let text): path += "/\(text)"
    case .parameter(let name), .rest(let name): path += "/{\(name)}"
    case .repository: path += "/{owner}/{name}"
    case .gitRepository: path += "/{owner}/{name}.git"
    }
  }
  return path.isEmpty ? "/" : path
}

private func operation(_ endpoint: Endpoint) -> JSON {
  var parameters: [JSON] = []
  func parameter(_ name: String, _ place: String, _ schema: JSON, _ text: String?) {
    var json = JSON.Object([
      ("name", .string(name)), ("in", .string(place)), ("required", .bool(place == "path")),
      ("schema", schema),
    ])
    if let text { json["description"] = .string(text) }
    parameters.append(.object(json))
  }
  for part in endpoint.pattern.parts {
    switch part {
    case .literal: break
    case .parameter(let name), .rest(let name):
      parameter(name, "path", ["type": "string"], nil)
    case .repository, .gitRepository:
      parameter("owner", "path", ["type": "string"], "A user or an organisation")
      parameter("name", "path", ["type": "string"], nil)
    }
  }
  for (name, type, text) in endpoint.query {
    let schema: JSON =
      type == "array"
      ? ["type": "array", "items": ["type": "string"]] : ["type": .string(type)]
    parameter(name, "query", schema, text)
  }
  let problem: JSON = ["$ref": "#/components/schemas/Problem"]
  var operation = JSON.Object([
    ("summary", .string(endpoint.summary)),
    ("description", .string(access(endpoint.access))),
    ("parameters", .array(parameters)),
    (
      "responses",
      [
        "2XX": [
          "description": "Done",
          "content": .object(
            .init([(endpoint.answer, .object(.init([("schema", .object(.init()))])))])),
        ],
        "3XX": ["description": "It has another name now, or has not changed"],
        "4XX": [
          "description": "Refused; X-Error-Code and X-Error-Message say why",
          "content": ["application/json": ["schema": problem]],
        ],
        "5XX": [
          "description": "Not possible in this hub, or not at this time",
          "content": ["application/json": ["schema": problem]],
        ],
      ]
    ),
  ])
  if let body = body(endpoint.body) { operation["requestBody"] = body }
  return .object(operation)
}

private func body(_ body: Endpoint.Body) -> JSON? {
  func object(_ fields: [String: JSON]) -> JSON {
    var properties = JSON.Object()
    for (name, type) in fields.sorted(by: { $0.key < $1.key }) {
      properties[name] =
        type == "array"
        ? JSON.object(.init([("type", type), ("items", .object(.init()))]))
        : JSON.object(.init([("type", type)]))
    }
    return .object(.init([("type", "object"), ("properties", .object(properties))]))
  }
  func content(_ type: String, _ schema: JSON) -> JSON {
    let media = JSON.object(.init([("schema", schema)]))
    return .object(.init([("content", .object(.init([(type, media)])))]))
  }
  switch body {
  case .none: return nil
  case .json(let fields): return content("application/json", object(fields))
  case .form(let fields): return content("application/x-www-form-urlencoded", object(fields))
  case .lines: return content("application/x-ndjson", ["type": "string"])
  case .bytes: return content("application/octet-stream", ["type": "string", "format": "binary"])
  }
}

private func access(_ access: Endpoint.Access) -> String {
  switch access {
  case .anyone: "Open to all."
  case .signedIn: "Needs a token."
  case .seeRepository: "A private repository needs a token of somebody who may read it."
  case .readFiles: "As far as the repository is private or gated, needs a token of a reader."
  case .writeRepository: "Needs a token for writing of somebody who may write to the repository."
  case .administerRepository: "Needs a token for writing of one of the repository's administrators."
  case .inspectHub: "Needs a token of an administrator of the hub."
  case .administerHub: "Needs a token for writing of an administrator of the hub."
  }
}
