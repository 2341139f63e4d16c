using System.Runtime.CompilerServices;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A test that takes minutes and gigabytes: it runs when <c>./test --soak</c> asks for it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SoakAttribute : FactAttribute
{
    public SoakAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber)
    {
        if (!SoakRun.IsOn)
        {
            Skip = SoakRun.WhyNot;
        }
    }
}
