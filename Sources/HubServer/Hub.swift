internal import GRDB
internal import Hummingbird
internal import CryptoExtras
internal import HubClient
