/// Every endpoint of the hub. A new group of them is a file, and a word in this list.

func allEndpoints() -> [Endpoint] {
  let groups: [[Endpoint]] = [
    identityEndpoints, repositoryEndpoints, listingEndpoints, treeEndpoints, revisionEndpoints,
    accessEndpoints, commitEndpoints, cardEndpoints, largeFileEndpoints, organisationEndpoints,
    resolveEndpoints, identifierEndpoints, discussionEndpoints, operationEndpoints, deviceEndpoints,
    // Pages.
    staticEndpoints, homePages, explorePages, taskPages, languagePages, basePages, comparePages,
    guidePages, loginPages, settingsPages, joinPages, devicePages, organisationPages, newPages,
    editPages, repositorySettingsPages, hubPages, hubUserPages, filePages, historyPages,
    adapterPages, profilePages,
  ]
  return groups.flatMap { $0 }
}
