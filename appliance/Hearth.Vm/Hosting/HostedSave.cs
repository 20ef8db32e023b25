using System.Diagnostics;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;
using Hearth.Storage;
using Hearth.Vm.Composition;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Hosting;

/// <summary>One save for the supervisor, nearly all of it while the guest runs.</summary>
/// <remarks>
/// <code>
/// this thread: open layers, send ahead, drain disks ──► prepared
/// machine's thread:                                        Cut: pause, device state, layers, mark memory, resume
/// this thread:                                                  ──► send memory, seal layers ──► answer
/// </code>
/// The guest stands still for <see cref="Cut"/> alone, which neither waits for the disk nor copies memory where the engine asks before it writes. Other engines send their memory
/// ahead, round by round, and copy at the cut what was changed in the last.
/// </remarks>
internal sealed class HostedSave : IDisposable
{
    private const int MostRounds = 6;

    /// <summary>Pages that are not worth another round: to copy 2 MiB takes less than a millisecond.</summary>
    private const long FewPages = 512;

    // A guest that changes more than a quarter of its memory before it has been sent waits for the supervisor; but 64 MiB it may in any case.
    private const int RoomShare = 4;
    private const int LeastRoom = (64 << 20) / GuestRam.PageSize;

    private readonly GuestMachine _machine;
    private readonly ChangedPages _changed;
    private readonly ReceivedOrder _received;
    private readonly FileDescriptor _stream;
    private readonly StateSender _sender;
    private readonly Action _prepared;
    private readonly Action<HostedSave, SaveReport?, string?> _ended;
    private readonly ManualResetEventSlim _isCut = new();
    private readonly List<(Qcow2DiskImage Disk, DiskLayer Layer)> _layers = [];
    private readonly Thread _thread;
    private MemoryCut? _cut;
    private byte[] _state = [];
    private TimeSpan _pause;
    private bool _isWhole;
    private volatile bool _isGivenUp;

    /// <param name="received">Its descriptors are taken.</param>
    /// <param name="prepared">Called when <see cref="Cut"/> is to be called.</param>
    /// <param name="ended">Called at the end, with what was sent, or with why it was not.</param>
    /// <exception cref="FormatException">The order cannot be.</exception>
    public HostedSave(GuestMachine machine, ChangedPages changed, ReceivedOrder received, Action prepared, Action<HostedSave, SaveReport?, string?> ended)
    {
        Order = received.Order.Save ?? throw new FormatException("the supervisor's order does not say how to save");
        _machine = machine;
        _changed = changed;
        _received = received;
        _stream = received.Take(0);
        _sender = new StateSender(_stream);
        _prepared = prepared;
        _ended = ended;
        _thread = new Thread(Run) { IsBackground = true, Name = "save" };
    }

    public SaveOrder Order { get; }

    public GuestOrder Received => _received.Order;

    public void Start() => _thread.Start();

    /// <summary>Takes the guest as it is: the instant that is saved. By the machine's thread.</summary>
    /// <param name="wasRunning">The machine runs, and is to run on.</param>
    /// <param name="isUnwanted">Asked when the guest stands still: something else has happened to it that comes first.</param>
    /// <returns>False when it was unwanted; the machine is paused then, and this is to be called again.</returns>
    public bool TryCut(bool wasRunning, Func<bool> isUnwanted)
    {
        long start = Stopwatch.GetTimestamp();
        if (wasRunning)
        {
            _machine.Pause();
            if (isUnwanted())
                return false;
        }

        // The guest's clocks stand still from here on.
        long stopped = Stopwatch.GetTimestamp();
        DateTimeOffset taken = TimeProvider.System.GetUtcNow();

        // First: to save a device may write to RAM.
        var state = _machine.Capture();
        PageSet pages = _changed.Take();
        foreach ((Qcow2DiskImage disk, DiskLayer layer) in _layers)
            disk.Push(layer);
        bool asks = _machine.AsksBeforeWrites;
        int room = (int)Math.Max(Math.Max(LeastRoom, _machine.Ram.Length / GuestRam.PageSize / RoomShare), asks ? 0 : (ulong)pages.Count);
        _cut = _machine.Ram.Cut(pages, room);
        if (!asks)
            _cut.KeepAll();
        if (wasRunning && !Order.StaysPaused)
        {
            // Not hidden from the guest: its clock would be late by all these pauses together.
            _machine.AdvanceTime(Stopwatch.GetElapsedTime(stopped));
            _machine.Resume();
        }

        _pause = Stopwatch.GetElapsedTime(start);
        _state = SavedMachine.Write(taken, SavedGuestHeader.Of(_machine), state);
        _isCut.Set();
        return true;
    }

    /// <summary>Ends it, finished or not; waits for the thread.</summary>
    public void Dispose()
    {
        _isGivenUp = true;
        _cut?.Abandon();
        _isCut.Set();
        _stream.ShutDown();
        if (_thread.IsAlive && Thread.CurrentThread != _thread)
            _thread.Join();
        _cut?.Dispose();
        foreach ((_, DiskLayer layer) in _layers)
            layer.Dispose();
        _stream.Dispose();
        _received.Dispose();
    }

    private void Run()
    {
        try
        {
            Prepare();
            _prepared();
            _isCut.Wait();
            if (_isGivenUp)
                return;
            Send();
            _ended(this, new SaveReport(_isWhole, (long)_pause.TotalMicroseconds, _sender.Pages, _cut!.Kept), null);
        }
        catch (Exception error) when (error is LinuxException or IOException or StorageException or FormatException or MachineException)
        {
            _cut?.Abandon();
            _ended(this, null, _isGivenUp ? "the guest ended before all of it was saved" : error.Message.TrimEnd('.'));
        }
    }

    private void Prepare()
    {
        _isWhole = _changed.NeedsWhole(Order.Base);
        foreach (LayerOrder layer in Order.Layers)
        {
            FileDescriptor file = _received.Take(1 + _layers.Count);
            if (layer.Disk < 0 || layer.Disk >= _machine.Disks.Count || _machine.Disks[layer.Disk] is not Qcow2DiskImage { IsReadOnly: false } disk)
            {
                file.Dispose();
                throw new FormatException($"the guest's disk {layer.Disk} takes no layer");
            }

            _layers.Add((disk, disk.Prepare(new ChainFile(file, layer.Name, DiskFormat.Qcow2))));
        }

        if (_isWhole)
            _changed.AddEverything();
        if (!_machine.AsksBeforeWrites)
            SendAhead();
        _machine.Drain();
    }

    private void SendAhead()
    {
        long before = long.MaxValue;
        for (int round = 0; round < MostRounds && !_isGivenUp; round++)
        {
            PageSet pages = _changed.Take();
            long count = pages.Count;
            _sender.SendRunning(_machine.Ram, pages);
            if (count <= FewPages || count > before / 4 * 3)
                break;
            before = count;
        }
    }

    private void Send()
    {
        _sender.Send(_cut!);
        _sender.SendMachine(_state);
        _state = [];
        foreach ((Qcow2DiskImage disk, _) in _layers)
            disk.SealBelow();
        _sender.End();
    }
}
