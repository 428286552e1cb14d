/// The hub's client half.
internal import AsyncHTTPClient
internal import Crypto
internal import Yams
internal import NIOHTTP1
internal import NIOFoundationCompat
