using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Snapshots.States;

namespace Hearth.Running;

/// <summary>Takes a guest that is being saved from its process, and keeps it. What the process sends is trusted in nothing: it can spoil its own state alone.</summary>
internal sealed class StateReceiver(FileDescriptor stream, SavedStateWriter writer)
{
    // Sent ahead and sent again: no guest's memory comes so often.
    private const int MostTimes = 8;

    private readonly byte[] _pages = new byte[StateFrame.MaximumPages * StateFrame.PageLength];

    /// <summary>Processors and devices; empty until they have come.</summary>
    public byte[] Machine { get; private set; } = [];

    /// <summary>Pages that have come.</summary>
    public long Pages { get; private set; }

    /// <summary>Receives everything, on the calling thread.</summary>
    /// <param name="progress">Told how many pages have come.</param>
    /// <exception cref="FormatException">What came cannot be part of a state, or something is missing.</exception>
    /// <exception cref="LinuxException">The connection broke.</exception>
    /// <exception cref="Snapshots.SnapshotException">The host's file system cannot take it.</exception>
    public void Run(Action<long> progress)
    {
        Span<byte> header = stackalloc byte[StateFrame.HeaderLength];
        while (true)
        {
            Read(header);
            var frame = StateFrame.Read(header);
            if (frame.Kind == StateFrameKind.End)
            {
                if (frame.Value != Pages || Machine.Length == 0)
                    throw new FormatException("the guest's process left out a part of the state");
                return;
            }

            if (frame.Kind == StateFrameKind.Machine)
                ReadMachine(frame);
            else
                ReadPages(frame);
            progress(Pages);
        }
    }

    private void ReadMachine(in StateFrame frame)
    {
        if (Machine.Length != 0)
            throw new FormatException("the guest's process sent a part of the state twice");
        Machine = new byte[frame.Length];
        Read(Machine);
    }

    private void ReadPages(in StateFrame frame)
    {
        if (frame.Value > writer.Pages - (frame.Length / StateFrame.PageLength))
            throw new FormatException("the guest's process sent memory that the guest does not have");
        Span<byte> pages = _pages.AsSpan(0, frame.Length);
        Read(pages);
        writer.Write(frame.Value, pages);
        Pages += frame.Length / StateFrame.PageLength;
        if (Pages > (writer.Pages * MostTimes))
            throw new FormatException("the guest's process sent the same memory again and again");
    }

    private void Read(Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            int count = stream.Read(to);
            if (count == 0)
                throw new FormatException("the guest's process ended in the middle of the state");
            to = to[count..];
        }
    }
}
