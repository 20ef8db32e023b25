using Hearth.Cpu;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Tests.Composition;

/// <summary>Why KVM is not taken is said in the same words by a guest that asks for it, by one that does without, and by the probe.</summary>
public sealed class EngineProbeTests
{
    public static TheoryData<string, string> Refusals => new()
    {
        { "given", "/dev/kvm is not there: for a test" },
        { "null", "/dev/null is not KVM" },
        { "none", "no KVM device was handed over" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Refusal_isTheSameEverywhere(string device, string reason)
    {
        EngineReport report = EngineProbe.Run(Configuration(device, "auto"));
        EngineOptions options = EngineSelection.Choose(Configuration(device, "auto"), saved: null);
        MachineException error = Assert.Throws<MachineException>(() => EngineSelection.Choose(Configuration(device, "kvm"), saved: null));

        Assert.Equal(reason, report.Kvm.Refusal!.Reason);
        Assert.Equal($"the software engine runs this guest: {reason}", options.Note);
        Assert.Equal($"--engine kvm: {reason}", error.Message);
        Assert.Equal(options.Model.Name, report.DefaultModel);
    }

    [Fact]
    public void Run_somethingThatIsNotKvm_isUnsuitable()
    {
        EngineReport report = EngineProbe.Run(Configuration("null", "auto"));

        Assert.Equal(KvmObstacle.Unsuitable, report.Kvm.Refusal!.Obstacle);
        Assert.Equal(0, report.Kvm.RoundsPerSecond);
        Assert.Equal(CpuModel.All.Select(model => model.Name), report.Models.Select(model => model.Name));
        Assert.All(report.Models, model => Assert.Null(model.KvmMissing));
    }

    private static GuestConfiguration Configuration(string device, string engine)
    {
        var configuration = new GuestConfiguration { Engine = engine, Memory = 64 << 20 };
        return device switch
        {
            "given" => configuration with { KvmRefusal = new KvmRefusal(KvmObstacle.Missing, "/dev/kvm is not there: for a test") },
            "null" => configuration with { Kvm = new OpenFile(FileDescriptor.Open("/dev/null", FileAccessMode.ReadWrite).Number, "/dev/null") },
            _ => configuration,
        };
    }
}
