/// Every endpoint of the hub. A new group of them is a file, and a word in this list.

func allEndpoints() -> [Endpoint] {
  let groups: [[Endpoint]] = [
    identityEndpoints, repositoryEndpoints, listingEndpoints, treeEndpoints, revisionEndpoints,
    accessEndpoints, commitEndpoints, cardEndpoints, largeFileEndpoints, organisationEndpoints,
    resolveEndpoints, identifierEndpoints, discussionEndpoints, operationEndpoints,
    // Pages.
    staticEndpoints, homePages, explorePages, taskPages, languagePages, basePages, loginPages,
    filePages, historyPages, comparePages, guidePages, adapterPages,
  ]
  return groups.flatMap { $0 }
}
