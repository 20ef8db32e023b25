namespace Hearth.Cpu.Kvm.Tests.Engine;

public enum EngineKind
{
    Software,
    Kvm,
}
