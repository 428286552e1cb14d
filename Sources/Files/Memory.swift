/// How much memory there is, for what would ask for more than that.
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The machine's memory in bytes, or what this process may have of it.
public var memoryLimit: Int { min(machineMemory, addressLimit) }

private var machineMemory: Int {
  let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
  let machine = pages > 0 && size > 0 ? pages.multipliedReportingOverflow(by: size) : (.max, false)
  return machine.1 ? .max : machine.0
}

/// How many bytes of addresses this process may have, mapped files among them.
public var addressLimit: Int {
  var limit = rlimit()
  #if canImport(Glibc)
    let good = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0
  #else
    let good = getrlimit(RLIMIT_AS, &limit) == 0
  #endif
  return good ? Int(clamping: limit.rlim_cur) : .max
}
