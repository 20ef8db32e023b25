using System.Runtime.InteropServices;
using Hearth.Linux;
using Hearth.Running;
using Hearth.Snapshots.States;

namespace Hearth.Tests.Running;

/// <summary>
/// Memory of this process that comes from a saved state when it is touched, as a restored guest's does. It is touched by system calls on threads of their own: a thread that waits for a page
/// in a call of the kernel's does not keep the garbage collector from stopping all threads, as one that waits in managed code would for ever.
/// </summary>
internal sealed unsafe partial class FilledMemory : IDisposable
{
    public const int PageLength = SavedState.PageLength;
    public const int GroupPages = MemoryFiller.GroupPages;

    /// <summary>Not a whole number of groups.</summary>
    public const int Pages = (40 * GroupPages) + 3;

    /// <summary>In the middle of the first chunk of pages, which has what is not zeros of the first groups.</summary>
    private const int FirstChunk = 4000;
    private const uint OnlyOwner = 0x180; // 0600

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Longer than the time in which nothing comes that is not waited for.</summary>
    private static readonly TimeSpan s_pastTheBeginning = TimeSpan.FromMilliseconds(150);

    private readonly DirectoryInfo _folder;
    private readonly FileDescriptor _file;
    private readonly FileDescriptor _seen;
    private readonly MappedMemory _memory;
    private readonly UserFaults _faults;
    private readonly List<Thread> _threads = [];
    private SnapshotStore? _store;
    private MemoryFiller? _filler;

    /// <param name="beyond">Pages of memory that the state does not have.</param>
    public FilledMemory(int beyond = 0)
    {
        UserFaults? faults = UserFaults.TryCreate(device: null);
        Assert.SkipWhen(faults is null, "userfaultfd(2) is not to be had: it takes CAP_SYS_PTRACE, and a kernel with user faults in shared memory");
        _faults = faults;
        _folder = Directory.CreateTempSubdirectory("hearth-filled-");
        nuint length = (nuint)(Pages + beyond) * PageLength;
        _file = FileDescriptor.CreateMemory("hearth-filled", (long)length);
        _seen = FileDescriptor.CreateMemory("hearth-seen", (long)length);
        _memory = MappedMemory.Shared(_file, length);
        _faults.Register(_memory, 0, length);
        WorkingSet = new WorkingSet(Path.Combine(_folder.FullName, "working-set"));
        State = Save();
    }

    /// <summary>What the state has.</summary>
    public byte[] Content { get; } = Make();

    public SavedState State { get; }

    public WorkingSet WorkingSet { get; }

    private string States => Path.Combine(_folder.FullName, "states");

    public static bool IsZeros(int page) => page % 5 == 2 || page / GroupPages is 7 or 12;

    /// <summary>Flips a byte of what the state's first groups are made from.</summary>
    public void DamageFirstGroup()
    {
        string pack = Assert.Single(Directory.GetFiles(Path.Combine(States, "packs")));
        byte[] bytes = File.ReadAllBytes(pack);
        bytes[FirstChunk] ^= 0xFF;
        File.WriteAllBytes(pack, bytes);
    }

    public MemoryFiller Start(bool learns = true)
    {
        _store = SnapshotStore.Open(States);
        _filler = new MemoryFiller(_store.Read(State), _faults, (ulong)_memory.Address, WorkingSet, learns);
        return _filler;
    }

    /// <summary>Begins to touch pages one after the other, and waits until the first of them is waited for.</summary>
    public Touching Touch(params int[] pages)
    {
        Touching touching = BeginTouching(pages);
        Assert.True(Descriptors.WaitReadable(_faults.File, s_patience));
        return touching;
    }

    public Touching BeginTouching(params int[] pages)
    {
        var touching = new Touching(() =>
        {
            foreach (int page in pages)
                _seen.WriteAt(_memory.Bytes((long)page * PageLength, PageLength), (long)page * PageLength);
        });
        _threads.Add(touching.Thread);
        return touching;
    }

    /// <summary>As <see cref="Start"/>, of a guest whose beginning is over before anything can come: reading the working set, a pipe, takes as long. It is not written.</summary>
    public MemoryFiller StartPastTheBeginning()
    {
        string pipe = Path.Combine(_folder.FullName, "working-set");
        Assert.Equal(0, mkfifo(pipe, OnlyOwner));
        var writer = new Thread(() =>
        {
            Thread.Sleep(s_pastTheBeginning);
            new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite).Dispose();
        });
        writer.Start();
        MemoryFiller filler = Start(learns: false);
        writer.Join();
        return filler;
    }

    /// <summary>What a page was when it was touched.</summary>
    public byte[] Seen(int page) => Read(_seen, page, 1);

    public byte[] SeenAll() => Read(_seen, 0, Pages);

    public byte[] ContentOf(int page) => Content[(page * PageLength)..((page + 1) * PageLength)];

    /// <summary>What is in memory now, zeros where nothing is; without touching it.</summary>
    public byte[] Present() => Read(_file, 0, Pages);

    /// <summary>The pages that are there.</summary>
    public IEnumerable<int> PresentPages()
    {
        for (long at = 0; _file.TryFindData(at, out long start, out long end); at = end)
        {
            for (long page = start / PageLength; page < end / PageLength; page++)
                yield return (int)page;
        }
    }

    /// <summary>The pages of a group that the state has and that are not zeros.</summary>
    public static IEnumerable<int> PagesOf(int group) => Enumerable.Range(group * GroupPages, GroupPages).Where(page => page < Pages && !IsZeros(page));

    /// <summary>Puts something of its own where a page of the state would come.</summary>
    public void Put(int page, byte value) => _file.WriteAt(Enumerable.Repeat(value, PageLength).ToArray(), (long)page * PageLength);

    /// <summary>Takes memory away from under whoever gives it: it is none that comes when it is touched any more.</summary>
    public void TakeAway() => _faults.Unregister(_memory, 0, _memory.Length);

    public void Dispose()
    {
        // Whoever still waits for a page goes on with zeros.
        _filler?.Dispose();
        _faults.Dispose();
        foreach (Thread thread in _threads)
            thread.Join();
        _memory.Dispose();
        _file.Dispose();
        _seen.Dispose();
        _store?.Dispose();

        // The working set is written behind everybody's back, and may be just now.
        Assert.True(SpinWait.SpinUntil(() => Record.Exception(() => _folder.Delete(recursive: true)) is null, s_patience));
    }

    private static byte[] Read(FileDescriptor file, int page, int count)
    {
        var bytes = new byte[count * PageLength];
        file.ReadAt(bytes, (long)page * PageLength);
        return bytes;
    }

    /// <summary>Bytes that do not shrink, each page another; and zeros.</summary>
    private static byte[] Make()
    {
        var content = new byte[Pages * PageLength];
        new Random(1).NextBytes(content);
        foreach (int page in Enumerable.Range(0, Pages).Where(IsZeros))
            content.AsSpan(page * PageLength, PageLength).Clear();
        return content;
    }

    private SavedState Save()
    {
        using SnapshotStore store = SnapshotStore.Open(States);
        using SavedStateWriter writer = store.Begin("desk", Pages, before: null);
        writer.Write(0, Content);
        return writer.Commit(DateTimeOffset.UnixEpoch);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    /// <summary>A thread that touches memory.</summary>
    internal sealed class Touching
    {
        private Exception? _error;

        public Touching(Action touch)
        {
            Thread = new Thread(() => _error = Record.Exception(touch)) { IsBackground = true };
            Thread.Start();
        }

        public Thread Thread { get; }

        public void Finish()
        {
            Assert.True(Thread.Join(s_patience), "a page did not come");
            Assert.Null(_error);
        }
    }
}
