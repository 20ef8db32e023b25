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
/// this thread: open layers, make room, send ahead, drain disks ──► prepared
/// machine's thread:                                        Cut: pause, device state, mark memory, layers, resume
/// this thread:                                                  ──► send memory, seal layers ──► answer
/// </code>
/// The guest stands still for <see cref="TryCut"/> alone, which neither waits for the disk nor copies memory where the engine asks before it writes. Other engines send their memory
/// ahead, round by round, and copy at the cut what was changed in the last. Whatever the host may refuse is asked of it before the cut, which cannot fail: a save does, and the guest
/// runs on.
/// </remarks>
internal sealed class HostedSave : IDisposable
{
    private const int MostRounds = 6;
    private const string GivenUp = "the save was given up before all of it was sent";

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
    private readonly Action<HostedSave> _prepared;
    private readonly Action<HostedSave, SaveReport?, string?> _ended;
    private readonly ManualResetEventSlim _isCut = new();
    private readonly List<(Qcow2DiskImage Disk, DiskLayer Layer)> _layers = [];
    private readonly Thread _thread;
    private CutRoom? _room;
    private MemoryCut? _cut;
    private byte[] _state = [];
    private TimeSpan _pause;
    private bool _isWhole;
    private volatile bool _isDrained;
    private volatile bool _isSent;
    private volatile bool _isGivenUp;

    /// <param name="received">Its descriptors are taken.</param>
    /// <param name="prepared">Called when <see cref="TryCut"/> is to be called; not for a save that was given up.</param>
    /// <param name="ended">Called at the end, once, with what was sent, or with why it was not.</param>
    /// <exception cref="FormatException">The order cannot be.</exception>
    public HostedSave(GuestMachine machine, ChangedPages changed, ReceivedOrder received, Action<HostedSave> prepared, Action<HostedSave, SaveReport?, string?> ended)
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

    /// <summary>Devices begin nothing new, for the sake of a cut that has not come yet; to resume the machine ends that.</summary>
    public bool HoldsDevices => _isDrained && _cut is null;

    /// <summary>All of it has been sent, so it can become a state.</summary>
    public bool IsSent => _isSent;

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
        _cut = _machine.Ram.Cut(_changed.Take(), _room!);
        _room = null;
        if (!_machine.AsksBeforeWrites)
            _cut.KeepAll();
        foreach ((Qcow2DiskImage disk, DiskLayer layer) in _layers)
            disk.Push(layer);
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

    /// <summary>
    /// Ends it, finished or not, and waits for the thread. By the machine's thread. That takes as long as the host's disk needs, and no longer: the thread waits for the supervisor only
    /// where it writes to the stream, which fails from here on, and for the machine only at the cut.
    /// </summary>
    public void Dispose()
    {
        _isGivenUp = true;

        // In this order: what is read of a cut that was abandoned is worth nothing, and must not reach the end of the stream.
        _stream.ShutDown();
        _cut?.Abandon();
        _isCut.Set();
        if (_thread.IsAlive)
            _thread.Join();
        _cut?.Dispose();
        _room?.Dispose();
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
            RequireWanted();
            _prepared(this);
            _isCut.Wait();
            RequireWanted();
            Send();
            _isSent = true;
            _ended(this, new SaveReport(_isWhole, (long)_pause.TotalMicroseconds, _sender.Pages, _cut!.Kept), null);
        }
        catch (Exception error) when (error is LinuxException or IOException or StorageException or FormatException or MachineException)
        {
            _cut?.Abandon();
            _ended(this, null, _isGivenUp ? GivenUp : error.Message.TrimEnd('.'));
        }
    }

    private void RequireWanted()
    {
        if (_isGivenUp)
            throw new MachineException(GivenUp);
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

        _room = _machine.Ram.PrepareCut(CopiesAtMost());
        if (_isWhole)
            _changed.AddEverything();
        if (!_machine.AsksBeforeWrites)
            SendAhead();
        RequireWanted();
        _isDrained = true;
        _machine.Drain();
    }

    /// <summary>Where writers do not ask, all that has changed is copied at the cut, and how much that is shows there only.</summary>
    private int CopiesAtMost()
    {
        int pages = (int)(_machine.Ram.Length / GuestRam.PageSize);
        return Math.Max(LeastRoom, _machine.AsksBeforeWrites ? pages / RoomShare : pages);
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
