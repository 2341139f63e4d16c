using System.Runtime.Versioning;
using Xunit;

[assembly: SupportedOSPlatform("linux")]

// Every test runs a server or two besides itself.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
