using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm.Tests.Runtime;

public sealed unsafe class VcpuMailboxTests
{
    /// <summary>Its sender was between noting the request and setting the flag when the vCPU's thread took it. Left there, the flag would end every entry.</summary>
    [Fact]
    public void Flag_setAfterItsRequestWasTaken_isClearedByTheNextTake()
    {
        kvm_run run = default;
        var mailbox = new VcpuMailbox(&run);
        run.immediate_exit = 1;

        VcpuRequests requests = mailbox.Take();

        Assert.Equal(VcpuRequests.None, requests);
        Assert.Equal(0, run.immediate_exit);
    }

    [Fact]
    public void Request_thatWasPosted_endsTheNextEntryAndIsTakenOnce()
    {
        kvm_run run = default;
        var mailbox = new VcpuMailbox(&run);
        mailbox.Post(VcpuRequests.Stop);
        byte flag = run.immediate_exit;

        Assert.Equal(1, flag);
        Assert.Equal((VcpuRequests.Stop, VcpuRequests.None), (mailbox.Take(), mailbox.Take()));
        Assert.Equal(0, run.immediate_exit);
    }

    /// <summary>A key typed while the machine is taken down: what is shared with the kernel is unmapped by then.</summary>
    [Fact]
    public void Request_afterTheEnd_touchesNothing()
    {
        kvm_run run = default;
        var mailbox = new VcpuMailbox(&run);
        mailbox.Dispose();

        mailbox.Post(VcpuRequests.ExternalInterrupt);

        Assert.Equal(0, run.immediate_exit);
    }
}
