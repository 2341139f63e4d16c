using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>What a program that has ended left behind.</summary>
internal sealed record ProgramResult(string CommandLine, int ExitCode, string Stdout, string Stderr, TimeSpan Elapsed)
{
    /// <summary>Fails the test with the program's output unless it returned 0.</summary>
    public ProgramResult EnsureSuccess() => ExitCode == 0 ? this : throw new XunitException(ToString());

    /// <summary>Fails the test with the program's output unless it returned this code.</summary>
    public ProgramResult EnsureExitCode(int expected) =>
        ExitCode == expected ? this : throw new XunitException($"expected exit code {expected}: {this}");

    public override string ToString() =>
        $"""
        {CommandLine}
        exit code {ExitCode} after {Elapsed.TotalSeconds:0.0} s
        --- stdout
        {Stdout}
        --- stderr
        {Stderr}
        """;
}
