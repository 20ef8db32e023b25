using Hearth.Doctor;
using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;
using Hearth.Protocol;

namespace Hearth.Tests.Doctor;

/// <summary>What is made of <c>hearth-vm</c>'s answer, and of none. Programs that every Linux has play <c>hearth-vm</c>.</summary>
public sealed class EngineInquiryTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly ProcessorFacts s_processor = new("Test", "Test", 1, 1, 1, "AMD-V", false, [], null);

    [Theory]
    [InlineData("/nonexistent/hearth-vm", "cannot start /nonexistent/hearth-vm: No such file or directory")]
    [InlineData("/bin/false", "false ended with exit code 1")]
    [InlineData("/bin/true", "the report on the CPU engines is malformed")]
    [InlineData("/bin/echo", "the report on the CPU engines is malformed")]
    public void Ask_noReport_isAFinding(string program, string problem)
    {
        EngineFacts engine = EngineInquiry.Ask(s_processor, program, s_patience, "/nonexistent/kvm");

        Assert.Null(engine.Auto);
        Assert.Equal($"It is not known on what guests run here: {problem}.", engine.Conclusion);
        Assert.Equal(KvmObstacle.Missing, engine.Kvm!.Refusal!.Obstacle);
        Assert.Empty(engine.Models);
    }

    [Fact]
    public void Ask_aProgramThatNeverEnds_isEndedInTime()
    {
        EngineFacts engine = EngineInquiry.Ask(s_processor, "/usr/bin/yes", TimeSpan.FromMilliseconds(300), "/dev/null");

        Assert.Equal("It is not known on what guests run here: yes gave no answer within 0.3 seconds.", engine.Conclusion);
        Assert.Null(engine.Kvm);
    }

    [Fact]
    public void Answer_ofACrash_namesTheSignalAndTheFirstWords()
    {
        ProgramAnswer answer = ProgramAnswer.Ask("/bin/sh", ["-c", "echo 'something broke.' >&2; echo more >&2; kill -ABRT $$"], s_patience);

        Assert.Equal("sh ended by signal 6: something broke", answer.Problem);
    }

    [Fact]
    public void Answer_aProgramThatLeavesAChildBehind_isEndedInTime()
    {
        ProgramAnswer answer = ProgramAnswer.Ask("/bin/sh", ["-c", "sleep 600 & exit 0"], TimeSpan.FromMilliseconds(300));

        Assert.Equal("sh gave no answer within 0.3 seconds", answer.Problem);
    }

    [Theory]
    [InlineData("AMD-V", "Guests run on the processor (KVM, AMD-V).")]
    [InlineData(null, "Guests run on the processor (KVM).")]
    public void Draw_kvmOfUse_isTaken(string? virtualization, string expected)
    {
        EngineFacts engine = EngineConclusion.Draw(Report(null), virtualization);

        Assert.Equal(("kvm", expected, "x86-64-v3"), (engine.Auto, engine.Conclusion, engine.DefaultModel));
    }

    [Fact]
    public void Draw_kvmOfNoUse_hasTheReasonInIt()
    {
        EngineFacts engine = EngineConclusion.Draw(Report(new KvmRefusal(KvmObstacle.TooSlow, "KVM is slow")), null);

        Assert.Equal(("software", "Guests run on the software engine: KVM is slow."), (engine.Auto, engine.Conclusion));
    }

    [Fact]
    public void Draw_neitherOfUse_hasBothReasons()
    {
        EngineReport report = Report(new KvmRefusal(KvmObstacle.Missing, "/dev/kvm is not there")) with { SoftwareRefusal = "the software engine needs AVX2" };

        EngineFacts engine = EngineConclusion.Draw(report, null);

        Assert.Equal("No guest runs here: the software engine needs AVX2, and /dev/kvm is not there.", engine.Conclusion);
        Assert.Null(engine.Auto);
        Assert.Null(engine.DefaultModel);
    }

    private static EngineReport Report(KvmRefusal? refusal) =>
        new() { Kvm = new KvmReport(refusal, 1e9, 20), DefaultModel = "x86-64-v3", Models = [new ModelReport("x86-64-v3", [], [])] };
}
