/// Every endpoint of the hub. A new group of them is a file, and a word in this list.

func allEndpoints() -> [Endpoint] {
  let groups: [[Endpoint]] = [
    identityEndpoints, repositoryEndpoints, listingEndpoints, treeEndpoints, revisionEndpoints,
    accessEndpoints, commitEndpoints, cardEndpoints, largeFileEndpoints, organisationEndpoints,
    resolveEndpoints, identifierEndpoints, discussionEndpoints, operationEndpoints,
    // Pages.
    staticEndpoints, homePages, loginPages, explorePages, taskPages, languagePages,
    basePages,
  ]
  return groups.flatMap { $0 }
}
