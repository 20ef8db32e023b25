using Hearth.Hostile.Interop;

namespace Hearth.Hostile.Attempts;

/// <summary>To do more with a given descriptor than was meant, and to use up what others need.</summary>
internal static class DescriptorAttempts
{
    private const int ReadOnly = GivenNumber.ReadOnlyFile;
    private const int Control = 16;
    private const int FileControl = 72;
    private const int TooManyFiles = -24;
    private const int TryAgain = -11;
    private const int Plenty = 2_000;

    public static IEnumerable<Attempt> All =>
    [
        new("write to a file that is open for reading", () => RawCall.MakeWith([1], bytes => RawCall.Make(1, ReadOnly, bytes, 1))),
        new("write at an offset of it", () => RawCall.MakeWith([1], bytes => RawCall.Make(18, ReadOnly, bytes, 1, 0))),
        new("cut it", () => RawCall.Make(77, ReadOnly, 0)),
        new("punch a hole in it", () => RawCall.Make(285, ReadOnly, 3, 0, 4096)),
        new("map it for writing", () => RawCall.Make(9, 0, 4096, 3, 1, ReadOnly, 0)),
        new("change its mode", () => RawCall.Make(91, ReadOnly, 0x1FF)),
        new("change its owner", () => RawCall.Make(93, ReadOnly, 0, 0)),
        new("give it an attribute", () => RawCall.MakeWith("user.hostile", name => RawCall.Make(190, ReadOnly, name, name, 1, 0))),
        new("be told of its changes", () => RawCall.Make(FileControl, ReadOnly, 1026, 1)),
        new("lease it", () => RawCall.Make(FileControl, ReadOnly, 1024, 0)),
        new("have signals sent", () => RawCall.Make(FileControl, GivenNumber.Socket, 8, 1)),
        new("choose the signal that is sent", () => RawCall.Make(FileControl, GivenNumber.Socket, 10, 9)),
        new("type into a terminal", () => RawCall.MakeWith("x", text => RawCall.Make(Control, 0, 0x5412, text))),
        new("have input signalled", () => RawCall.MakeWith([1], value => RawCall.Make(Control, GivenNumber.Socket, 0x5452, value))),
        new("freeze a file system", () => RawCall.Make(Control, ReadOnly, unchecked((int)0xC0045877))),
        new("open more descriptors than the limit", ExhaustDescriptors),
        new("start more threads than the limit", ExhaustThreads),
    ];

    private static long ExhaustDescriptors()
    {
        const int DuplicateFrom = 1030; // F_DUPFD_CLOEXEC
        const int Close = 3;
        var opened = new List<long>();
        long last = 0;
        while (last >= 0 && opened.Count < Plenty)
        {
            last = RawCall.Make(FileControl, ReadOnly, DuplicateFrom, 0);
            if (last >= 0)
                opened.Add(last);
        }

        foreach (long descriptor in opened)
            _ = RawCall.Make(Close, (nint)descriptor);
        return last >= 0 ? last : TooManyFiles;
    }

    private static long ExhaustThreads()
    {
        const int SmallStack = 128 << 10;
        using var done = new ManualResetEventSlim();
        var threads = new List<Thread>();
        try
        {
            while (threads.Count < Plenty)
            {
                var thread = new Thread(done.Wait, SmallStack);
                thread.Start();
                threads.Add(thread);
            }

            return threads.Count;
        }
        catch (OutOfMemoryException)
        {
            // What the runtime says when the kernel gives no thread.
            return TryAgain;
        }
        finally
        {
            done.Set();
            threads.ForEach(thread => thread.Join());
        }
    }
}
