using Hearth.Linux;
using Hearth.Vm.Terminal;

namespace Hearth.Vm.Tests.Terminal;

public sealed class OutputQueueTests
{
    [Fact]
    public void Dispose_bytesStillWaiting_writesThemFirst()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        byte[] sent = [.. Enumerable.Range(0, 50_000).Select(i => (byte)(i * 7))];
        byte[] received = new byte[sent.Length];
        var reader = new Thread(() => ReadAll(far, received));
        reader.Start();

        using (var queue = new OutputQueue(near))
            queue.Write(sent);

        reader.Join();
        Assert.Equal(sent, received);
        near.Dispose();
        far.Dispose();
    }

    [Fact]
    public void Write_moreThanTheQueueHolds_arrivesWhole()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        byte[] sent = [.. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i >> 8))];
        byte[] received = new byte[sent.Length];
        var reader = new Thread(() => ReadAll(far, received));
        reader.Start();
        using var queue = new OutputQueue(near);

        queue.Write(sent);

        reader.Join();
        Assert.Equal(sent, received);
        near.Dispose();
        far.Dispose();
    }

    [Fact]
    public void Write_readerGone_isLostWithoutAnError()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        far.Dispose();
        using var queue = new OutputQueue(near);

        queue.Write(new byte[2_000_000]);
        queue.Write("more"u8);

        near.Dispose();
    }

    private static void ReadAll(FileDescriptor from, byte[] to)
    {
        for (int count = 0; count < to.Length;)
            count += from.Read(to.AsSpan(count));
    }
}
