using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Vm.Hosting;

namespace Hearth.Vm.Tests.Hosting;

public sealed class ControlChannelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-channel-");

    private string Socket => Path.Combine(_folder.FullName, "control");

    [Fact]
    public void WaitUntilGreeted_byASupervisorThatGreets_isTrue()
    {
        using ControlChannel channel = Create();
        using MessageSocket supervisor = MessageSocket.Connect(Socket);
        channel.Announce(() => new ControlChannel.Greeting(new GuestGreeting("software", false, 1, 0, null, false), []));
        supervisor.Send(ControlJson.Write(new GuestOrder(1, GuestOrderKind.Greet)));

        Assert.True(channel.WaitUntilGreeted());
    }

    /// <summary>The one that started the process is gone, and the next one knows nothing of it.</summary>
    [Fact]
    public void WaitUntilGreeted_byASupervisorThatEndsTheProcess_isFalse()
    {
        using ControlChannel channel = Create();
        using MessageSocket supervisor = MessageSocket.Connect(Socket);
        supervisor.Send(ControlJson.Write(new GuestOrder(1, GuestOrderKind.End)));

        Assert.False(channel.WaitUntilGreeted());
    }

    /// <summary>Its end is the process's: then everything that it had is free.</summary>
    [Fact]
    public void Dispose_leavesTheConnection_toTheEndOfTheProcess()
    {
        ControlChannel channel = Create();
        using MessageSocket supervisor = MessageSocket.Connect(Socket);
        supervisor.Send(ControlJson.Write(new GuestOrder(1, GuestOrderKind.End)));
        _ = channel.WaitUntilGreeted();

        channel.Dispose();

        Assert.False(supervisor.Wait(TimeSpan.FromMilliseconds(100)), "The supervisor was told of an end.");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private ControlChannel Create() => new(FileDescriptor.ListenForMessages(Socket), () => { });
}
