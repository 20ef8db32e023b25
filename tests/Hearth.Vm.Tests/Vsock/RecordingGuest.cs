using System.Collections.Concurrent;
using Hearth.Machine;

namespace Hearth.Vm.Tests.Vsock;

/// <summary>A device as the switchboard sees it: takes every connection unless told otherwise.</summary>
internal sealed class RecordingGuest : IVsockGuest
{
    public BlockingCollection<(IVsockStream Stream, uint Port)> Connections { get; } = [];

    public BlockingCollection<IVsockStream> ReadyStreams { get; } = [];

    public bool Refuses { get; set; }

    public bool TryConnect(IVsockStream stream, uint port)
    {
        if (Refuses)
            return false;
        Connections.Add((stream, port));
        return true;
    }

    public void Ready(IVsockStream stream) => ReadyStreams.Add(stream);
}
