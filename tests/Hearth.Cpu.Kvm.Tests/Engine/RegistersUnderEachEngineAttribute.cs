using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>Each of some model-specific registers under each engine.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RegistersUnderEachEngineAttribute(params uint[] registers) : DataAttribute
{
    public IReadOnlyList<uint> Registers => registers;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
        [.. from kind in Enum.GetValues<EngineKind>() from register in registers select new TheoryDataRow<EngineKind, uint>(kind, register)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
