using Hearth.Cpu;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Running;

namespace Hearth.Vm.Tests.Hosting;

public sealed class HostedGuestTests
{
    private const long SomePage = 0x300;
    private const long OtherPage = 0x301;

    // More than the socket takes before somebody reads.
    private const int ManyPages = 4096;

    /// <summary>A supervisor greets when it has noted the process: no guest runs in one that nobody knows of.</summary>
    [Fact]
    public async Task Open_returnsWhenSomebodyHasGreeted()
    {
        using var rig = new HostedRig(isOpen: false);
        Task<bool> open = Task.Run(rig.Hosted.Open);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        bool wasOpen = open.IsCompleted;

        rig.Send(new GuestOrder(0, GuestOrderKind.Greet));

        Assert.True(await open);
        Assert.False(wasOpen);
    }

    [Fact]
    public void Save_settled_theNextOneHasWhatChangedSince()
    {
        using var rig = new HostedRig();
        rig.Write(SomePage, 1);
        using SaveStream first = rig.Save();
        rig.Order(GuestOrderKind.Settle, state: 7);
        rig.Write(OtherPage, 2);

        using SaveStream second = rig.Save(from: 7);

        Assert.Equal(1, first.Pages[SomePage]);
        Assert.Equal(2, second.Pages[OtherPage]);
        Assert.DoesNotContain(SomePage, second.Pages.Keys);
    }

    /// <summary>The supervisor was killed between its commit and what it says about it; the next one counts from the state before.</summary>
    [Fact]
    public void Save_nobodySettledTheOneBefore_hasItsPagesToo()
    {
        using var rig = new HostedRig();
        rig.Save().Dispose();
        rig.Order(GuestOrderKind.Settle, state: 7);
        rig.Write(SomePage, 1);
        rig.Save(from: 7).Dispose();
        rig.Write(OtherPage, 2);

        using SaveStream last = rig.Save(from: 7);

        Assert.Equal(1, last.Pages[SomePage]);
        Assert.Equal(2, last.Pages[OtherPage]);
    }

    [Fact]
    public void Forget_afterASave_theNextOneHasItsPagesToo()
    {
        using var rig = new HostedRig();
        rig.Write(SomePage, 1);
        rig.Save().Dispose();

        rig.Order(GuestOrderKind.Forget);

        using SaveStream next = rig.Save();
        Assert.Equal(1, next.Pages[SomePage]);
    }

    /// <summary>Pages were sent ahead, and the supervisor takes no more of them.</summary>
    [Fact]
    public void Forget_whileASaveSendsAhead_endsIt_andTheNextOneHasItsPages()
    {
        using var rig = new HostedRig(asksBeforeWrites: false);
        rig.Order(GuestOrderKind.Ping);
        WriteMany(rig, 1);
        using SaveStream stuck = rig.BeginSave(isRead: false);

        rig.Order(GuestOrderKind.Forget);

        Assert.Equal(GuestReportKind.Refused, rig.AnswerTo(stuck.Number).Kind);
        using SaveStream next = rig.Save();
        Assert.Equal(1, next.Pages[SomePage]);
        Assert.Equal(1, next.Pages[SomePage + ManyPages - 1]);
    }

    /// <summary>What is read of memory after it was given up must not reach the supervisor as if it were whole.</summary>
    [Fact]
    public void Forget_whileASaveSends_endsIt_andItsStreamIsNotWhole()
    {
        using var rig = new HostedRig();
        WriteMany(rig, 1);
        using SaveStream stuck = rig.BeginSave(isRead: false);
        rig.Cut(rig.TakeCut());
        WriteMany(rig, 2);

        rig.Order(GuestOrderKind.Forget);

        Assert.Equal(GuestReportKind.Refused, rig.AnswerTo(stuck.Number).Kind);
        stuck.BeginReading();
        stuck.WaitForTheEnd();
        Assert.False(stuck.IsWhole);
        using SaveStream next = rig.Save();
        Assert.Equal(2, next.Pages[SomePage]);
    }

    [Fact]
    public void Settle_ofASaveThatWasNotSent_doesNotCount()
    {
        using var rig = new HostedRig();
        WriteMany(rig, 1);
        using SaveStream stuck = rig.BeginSave(isRead: false);
        rig.Cut(rig.TakeCut());

        rig.Order(GuestOrderKind.Settle, state: 7);

        using SaveStream next = rig.Save(from: 7);
        Assert.Equal(1, next.Pages[SomePage]);
        Assert.Equal(1, next.Pages[SomePage + ManyPages - 1]);
    }

    [Fact]
    public void Cut_ofASaveThatWasGivenUp_isIgnored()
    {
        using var rig = new HostedRig();
        using SaveStream first = rig.BeginSave();
        MachineEvent stale = rig.TakeCut();
        using SaveStream second = rig.BeginSave();

        rig.Cut(stale);

        Assert.Equal(GuestReportKind.Refused, rig.AnswerTo(first.Number).Kind);
        rig.Cut(rig.TakeCut());
        Assert.Equal(GuestReportKind.Done, rig.AnswerTo(second.Number).Kind);
    }

    /// <summary>It has stopped devices for a cut that does not come any more: to resume the machine lets them go on.</summary>
    [Fact]
    public void Forget_ofASaveThatWaitsForItsCut_stopsTheMachineToResumeIt()
    {
        using var rig = new HostedRig();
        rig.Resume();
        using SaveStream save = rig.BeginSave();
        MachineEvent stale = rig.TakeCut();

        rig.Order(GuestOrderKind.Forget);
        rig.Cut(stale);

        Assert.False(rig.IsRunning);
        Assert.True(rig.Guest.Engine.IsTimeStopped);
        Assert.True(rig.Hosted.MayRun);
    }

    [Fact]
    public void Forget_ofASaveThatIsCut_leavesTheMachineRunning()
    {
        using var rig = new HostedRig();
        rig.Resume();
        rig.Save().Dispose();

        rig.Order(GuestOrderKind.Forget);

        Assert.True(rig.IsRunning);
    }

    [Fact]
    public void Save_thatCannotBePrepared_isRefused_andTheGuestRunsOn()
    {
        using var rig = new HostedRig();
        rig.Resume();
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        using FileDescriptor memory = FileDescriptor.CreateMemory("layer", 0);
        int number = rig.Send(new GuestOrder(0, GuestOrderKind.Save) { Save = new SaveOrder(0, StaysPaused: false, [new LayerOrder(3, "layer")]) }, far, memory);
        far.Dispose();
        near.Dispose();

        rig.Act();

        GuestReport answer = rig.AnswerTo(number);
        Assert.Equal(GuestReportKind.Refused, answer.Kind);
        Assert.Contains("takes no layer", answer.Sentence, StringComparison.Ordinal);
        Assert.True(rig.IsRunning);
        rig.Save().Dispose();
    }

    /// <summary>A vCPU may wait for room for a copy, and that for a supervisor that takes nothing: the save ends before the vCPUs are waited for.</summary>
    [Fact]
    public void Run_signalWhileASaveIsStuck_endsIt()
    {
        using var rig = new HostedRig();
        WriteMany(rig, 1);
        using SaveStream stuck = rig.BeginSave(isRead: false);
        rig.Cut(rig.TakeCut());
        rig.Guest.Events.Post(new MachineEvent(MachineEventKind.Signal, 15));

        GuestOutcome outcome = rig.Guest.Run(hosted: rig.Hosted);

        Assert.Equal(15, outcome.Signal);
        Assert.Equal(GuestReportKind.Refused, rig.AnswerTo(stuck.Number).Kind);
    }

    [Fact]
    public void Run_tripleFault_endsForTheSupervisorToAnswer()
    {
        using var rig = new HostedRig();
        rig.Guest.Bootstrap.Guest = _ => new VcpuExit(VcpuExitReason.Shutdown, "the reason");

        GuestOutcome outcome = rig.Guest.Run(exitOnReset: false, hosted: rig.Hosted);

        Assert.Equal(GuestCause.TripleFault, outcome.Cause);
        Assert.Equal(ExitCode.TripleFault, outcome.ExitCode);
    }

    [Fact]
    public void Run_reset_bootsAgain_andIsToldOnce()
    {
        using var rig = new HostedRig();
        int boots = 0;
        rig.Guest.Bootstrap.Guest = bus =>
        {
            boots++;
            bus.WritePort(boots == 1 ? (ushort)0xCF9 : (ushort)0xF4, AccessWidth.Byte, 6);
            return null;
        };

        GuestOutcome outcome = rig.Guest.Run(exitOnReset: false, hosted: rig.Hosted);
        rig.Hosted.TellEnd(outcome.Cause, outcome.Message);

        Assert.Equal(2, boots);
        GuestReport told = rig.NextReport();
        Assert.Equal((GuestReportKind.Happened, GuestCause.Reset), (told.Kind, told.Cause));
        Assert.Equal(GuestReportKind.Ended, rig.NextReport().Kind);
    }

    private static void WriteMany(HostedRig rig, byte value)
    {
        for (int i = 0; i < ManyPages; i++)
            rig.Write(SomePage + i, value);
    }
}
