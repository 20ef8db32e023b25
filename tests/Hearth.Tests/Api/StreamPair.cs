using System.Net.Sockets;
using Hearth.Linux;

namespace Hearth.Tests.Api;

/// <summary>Two streams of which each reads what the other writes.</summary>
internal static class StreamPair
{
    public static (Stream Near, Stream Far) Create()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        return (Of(near), Of(far));
    }

    private static NetworkStream Of(FileDescriptor socket) => new(new Socket(new SafeSocketHandle(socket.Number, ownsHandle: true)), ownsSocket: true);
}
