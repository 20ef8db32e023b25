using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;

namespace Hearth.Vm.Hosting;

/// <summary>Sends a guest that is being saved to the supervisor, frame by frame (<see cref="StateFrame"/>).</summary>
internal sealed class StateSender(FileDescriptor stream)
{
    private readonly byte[] _frame = new byte[StateFrame.HeaderLength + (StateFrame.MaximumPages * PageSet.PageSize)];

    /// <summary>Pages that were sent.</summary>
    public long Pages { get; private set; }

    /// <summary>Sends all pages of a set as they are now, while the guest changes them.</summary>
    /// <exception cref="LinuxException">Nobody takes them.</exception>
    public void SendRunning(GuestRam ram, PageSet pages) => Send(pages, (page, to) => ram.File.ReadAt(to, page * PageSet.PageSize));

    /// <summary>Sends all pages of a cut.</summary>
    /// <inheritdoc cref="SendRunning"/>
    public void Send(MemoryCut cut) => Send(cut.Pages, cut.Read);

    /// <summary>Sends what processors and devices have.</summary>
    /// <inheritdoc cref="SendRunning"/>
    public void SendMachine(ReadOnlySpan<byte> state)
    {
        WriteHeader(new StateFrame(StateFrameKind.Machine, state.Length, 0));
        stream.Write(_frame.AsSpan(0, StateFrame.HeaderLength));
        stream.Write(state);
    }

    /// <summary>Nothing more comes.</summary>
    /// <inheritdoc cref="SendRunning"/>
    public void End()
    {
        WriteHeader(new StateFrame(StateFrameKind.End, 0, Pages));
        stream.Write(_frame.AsSpan(0, StateFrame.HeaderLength));
    }

    private void Send(PageSet pages, PageSource source)
    {
        for (long page = 0; pages.TryFindRun(ref page, pages.Length, StateFrame.MaximumPages, out int count); page += count)
        {
            int length = count * PageSet.PageSize;
            WriteHeader(new StateFrame(StateFrameKind.Pages, length, page));
            for (int i = 0; i < count; i++)
                source(page + i, _frame.AsSpan(StateFrame.HeaderLength + (i * PageSet.PageSize), PageSet.PageSize));
            stream.Write(_frame.AsSpan(0, StateFrame.HeaderLength + length));
            Pages += count;
        }
    }

    private void WriteHeader(StateFrame frame) => frame.Write(_frame);

    private delegate void PageSource(long page, Span<byte> to);
}
