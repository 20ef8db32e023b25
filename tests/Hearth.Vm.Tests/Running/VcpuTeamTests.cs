namespace Hearth.Vm.Tests.Running;

public sealed class VcpuTeamTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Pause_vcpusRunning_stopsEveryOne()
    {
        using var guest = new TestGuestMachine(cpus: 4);
        guest.Machine.PowerOn();
        guest.Machine.Resume();
        WaitUntil(() => guest.Engine.Vcpus.TrueForAll(vcpu => vcpu.IsRunning));

        guest.Machine.Pause();

        Assert.DoesNotContain(guest.Engine.Vcpus, vcpu => vcpu.IsRunning);
    }

    [Fact]
    public void Resume_afterPause_runsEveryVcpuAgain()
    {
        using var guest = new TestGuestMachine(cpus: 4);
        guest.Machine.PowerOn();
        guest.Machine.Resume();
        guest.Machine.Pause();
        bool stopped = guest.Engine.IsTimeStopped;

        guest.Machine.Resume();

        WaitUntil(() => guest.Engine.Vcpus.TrueForAll(vcpu => vcpu.IsRunning));
        Assert.Equal((true, false), (stopped, guest.Engine.IsTimeStopped));
    }

    [Fact]
    public void PauseAndResume_manyTimes_neverLoseAVcpu()
    {
        using var guest = new TestGuestMachine(cpus: 3);
        guest.Machine.PowerOn();
        for (int i = 0; i < 200; i++)
        {
            guest.Machine.Resume();
            guest.Machine.Pause();
        }

        guest.Machine.Resume();

        WaitUntil(() => guest.Engine.Vcpus.TrueForAll(vcpu => vcpu.IsRunning));
    }

    [Fact]
    public void Pause_signalsUnderWay_areTakenByTheVcpus()
    {
        using var guest = new TestGuestMachine(cpus: 2);
        guest.Machine.PowerOn();
        guest.Machine.Resume();
        WaitUntil(() => guest.Engine.Vcpus.TrueForAll(vcpu => vcpu.IsRunning));
        int before = guest.Engine.Vcpus[1].Runs;

        guest.Machine.Pause();

        // Once more than the kick: a run that takes what arrived late.
        Assert.Equal(before + 1, guest.Engine.Vcpus[1].Runs);
    }

    private static void WaitUntil(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, s_patience));
}
