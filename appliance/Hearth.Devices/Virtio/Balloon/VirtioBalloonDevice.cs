using System.Buffers.Binary;
using System.Globalization;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Balloon;

/// <summary>
/// A memory balloon (virtio 1.2, section 5.5): the guest gives up as much of its memory as the host asks for, and tells which of the rest lies idle. What
/// it gives, the host really gets.
/// </summary>
/// <remarks>
/// Deflating needs nothing: a page that is touched again takes room again. So the driver need not tell before (MUST_TELL_HOST is not offered), and it may
/// take pages when the guest runs out of memory. Statistics stay in the driver's buffer until they are asked for; the device looks at it without taking it, and has
/// nothing in flight when the guest is saved.
/// </remarks>
public sealed class VirtioBalloonDevice : VirtioDevice
{
    private const ushort DeviceType = 5;
    private const uint OtherClass = 0x00FF00;
    private const ushort QueueSize = 128;

    // Linux puts 256 pages into a buffer. A hostile one may name all of RAM many times over, and the vCPU could not be stopped meanwhile.
    private const ulong MaximumPages = 4096;
    private const ulong MaximumReport = 1UL << 30;
    private const ulong MaximumStatistics = 64 * BalloonRegisters.StatisticLength;
    private const int StepLength = 1024;
    private const ulong Unknown = ulong.MaxValue;

    private readonly IReclaimableMemory _memory;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _poll;
    private readonly long _interval;
    private readonly DescriptorChain _chain;
    private readonly byte[] _bytes = new byte[StepLength];
    private readonly ulong[] _statistics = new ulong[Enum.GetValues<BalloonStatistic>().Length];
    private uint _target;
    private ulong _inflated;
    private ulong _reported;

    /// <param name="memory">The RAM that the guest's pages are of.</param>
    /// <param name="target">Bytes that the guest is to give up, whole pages.</param>
    /// <param name="interval">Virtual time between two questions for statistics; zero asks only when <see cref="AskForStatistics"/> is called.</param>
    public VirtioBalloonDevice(string name, IReclaimableMemory memory, ulong target, TimeSpan interval, DeviceContext context)
        : base(
            name, new VirtioIdentity(DeviceType, OtherClass), [QueueSize, QueueSize, QueueSize, QueueSize, QueueSize], BalloonRegisters.ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _memory = memory;
        _clock = context.Clock;
        _poll = context.Clock.CreateTimer(Poll);
        _interval = interval.Ticks * 100;
        _chain = new DescriptorChain(Ram, QueueSize);
        _target = (uint)(target >> BalloonRegisters.PageShift);
        _statistics.AsSpan().Fill(Unknown);
        WriteTarget();
    }

    /// <summary>Bytes that the guest has given up, as its driver says.</summary>
    public ulong ActualSize
    {
        get
        {
            lock (Sync)
                return (ulong)ActualPages << BalloonRegisters.PageShift;
        }
    }

    /// <summary>Bytes that the guest is to give up; whole pages, of which it may have fewer. From any thread.</summary>
    public ulong TargetSize
    {
        get
        {
            lock (Sync)
                return (ulong)_target << BalloonRegisters.PageShift;
        }

        set
        {
            lock (Sync)
            {
                _target = (uint)Math.Min(value >> BalloonRegisters.PageShift, uint.MaxValue);
                AnnounceTargetLocked();
            }
        }
    }

    protected override ulong DeviceFeatures => BalloonRegisters.FeatureStatistics | BalloonRegisters.FeatureDeflateOnOutOfMemory
        | BalloonRegisters.FeaturePagePoison | BalloonRegisters.FeaturePageReporting;

    private uint ActualPages => BinaryPrimitives.ReadUInt32LittleEndian(Configuration[BalloonRegisters.ActualPages..]);

    private uint AnnouncedTarget => BinaryPrimitives.ReadUInt32LittleEndian(Configuration[BalloonRegisters.TargetPages..]);

    public override void Notify(int queue)
    {
        lock (Sync)
        {
            AnnounceTargetLocked();
            if (queue == BalloonRegisters.StatisticsQueue)
                ReadStatisticsLocked();
            else
                TakePagesLocked(Queues[queue]);
        }
    }

    /// <summary>Asks the guest for new statistics; they arrive a little later. From any thread.</summary>
    public void AskForStatistics()
    {
        lock (Sync)
        {
            Virtqueue queue = Queues[BalloonRegisters.StatisticsQueue];
            if (!IsLiveLocked || !TryPopLocked(queue, _chain))
                return;
            queue.Push(_chain.Head, 0);
            SignalLocked(queue);
            ReadStatisticsLocked();
        }
    }

    /// <summary>What the guest said last.</summary>
    /// <returns>Null when it has not said it.</returns>
    public ulong? Statistic(BalloonStatistic which)
    {
        lock (Sync)
            return _statistics[(int)which] == Unknown ? null : _statistics[(int)which];
    }

    public override IReadOnlyList<DeviceFigure> Figures() =>
    [
        new($"{Name}: size", InMebibytes(ActualSize)),
        new($"{Name}: given back by inflating", InMebibytes(_inflated)),
        new($"{Name}: given back as it was free", InMebibytes(_reported)),
        new($"{Name}: free in the guest", Statistic(BalloonStatistic.FreeMemory) is { } free ? InMebibytes(free) : "unknown"),
    ];

    /// <summary>The driver says how large the balloon is, and with what the guest fills free pages.</summary>
    protected internal override void WriteConfigurationLocked(uint offset, AccessWidth width, ulong value)
    {
        for (int i = 0; i < (int)width; i++)
        {
            int at = (int)offset + i;
            if (at is (>= BalloonRegisters.ActualPages and < BalloonRegisters.ActualPages + sizeof(uint)) or (>= BalloonRegisters.PoisonValue and < BalloonRegisters.ConfigurationLength))
                Configuration[at] = (byte)(value >> (8 * i));
        }
    }

    protected override void ResetDeviceLocked()
    {
        Configuration.Clear();
        WriteTarget();
        ForgetStatisticsLocked();
    }

    protected override void SaveDeviceLocked(IStateWriter to)
    {
        to.WriteUInt32(_target);
        to.WriteBytes(Configuration);
    }

    protected override void RestoreDeviceLocked(IStateReader from)
    {
        _target = from.ReadUInt32();
        from.ReadBytes(Configuration);
        ForgetStatisticsLocked();
    }

    private static string InMebibytes(ulong bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");

    private void AnnounceTargetLocked()
    {
        if (IsPausedLocked || AnnouncedTarget == _target)
            return;
        WriteTarget();
        ChangedConfigurationLocked();
    }

    private void WriteTarget() => BinaryPrimitives.WriteUInt32LittleEndian(Configuration[BalloonRegisters.TargetPages..], _target);

    private void TakePagesLocked(Virtqueue queue)
    {
        while (IsLiveLocked)
        {
            if (TryPopLocked(queue, _chain))
            {
                TakeBufferLocked(queue.Index);
                queue.Push(_chain.Head, 0);
            }
            else if (!IsLiveLocked || !queue.EnableNotifications())
            {
                break;
            }
        }

        if (IsLiveLocked)
            SignalLocked(queue);
    }

    /// <remarks>
    /// Linux counts only the queues it uses when it numbers them, until its version 6.11: without hints it reports to queue 3, later versions to queue 4. Hints are not
    /// offered, so that both are for reports.
    /// </remarks>
    private void TakeBufferLocked(int queue)
    {
        if (queue == BalloonRegisters.InflateQueue)
            InflateLocked();
        else if (queue is BalloonRegisters.HintQueue or BalloonRegisters.ReportQueue)
            TakeReportLocked();
    }

    /// <summary>Gives back pages named by number, 32 bits each; those that follow one another, up or down, at once.</summary>
    private void InflateLocked()
    {
        ulong length = Math.Min(_chain.ReadableLength, MaximumPages * sizeof(uint)) & ~3UL;
        if (_chain.ReadableLength > length)
            LogLocked("a buffer names more pages than it may, or half of one", _chain.ReadableLength);
        ulong first = 0;
        ulong count = 0;
        for (ulong done = 0; done < length; done += StepLength)
        {
            int part = _chain.Read(done, _bytes.AsSpan(0, (int)Math.Min(length - done, StepLength)));
            for (int i = 0; i < part; i += sizeof(uint))
            {
                ulong page = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(i));
                if (count != 0 && page != first + count && page + 1 != first)
                {
                    GiveBackLocked(first, count);
                    count = 0;
                }

                first = count == 0 ? page : Math.Min(first, page);
                count++;
            }
        }

        if (count != 0)
            GiveBackLocked(first, count);
    }

    private void GiveBackLocked(ulong page, ulong count)
    {
        if (_memory.TryGiveBack(new GuestAddress(page << BalloonRegisters.PageShift), count << BalloonRegisters.PageShift))
            _inflated += count << BalloonRegisters.PageShift;
        else
            LogLocked("pages of the balloon are no memory", page);
    }

    /// <summary>Gives back the whole pages of what lies idle (section 5.5.6.7). A guest that fills free pages with a pattern would miss it in zeros.</summary>
    private void TakeReportLocked()
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(Configuration[BalloonRegisters.PoisonValue..]) != 0 && HasFeature(BalloonRegisters.FeaturePagePoison))
            return;
        const ulong WithinPage = (1UL << BalloonRegisters.PageShift) - 1;
        ulong total = 0;
        for (int i = 0; i < _chain.WritablePieces && total < MaximumReport; i++)
        {
            (GuestAddress start, uint length) = _chain.WritablePiece(i);
            ulong first = (start.Value + WithinPage) & ~WithinPage;
            ulong end = (start.Value + Math.Min(length, MaximumReport - total)) & ~WithinPage;
            if (first >= end || !_memory.TryGiveBack(new GuestAddress(first), end - first))
                continue;
            total += end - first;
        }

        _reported += total;
    }

    private void ReadStatisticsLocked()
    {
        Virtqueue queue = Queues[BalloonRegisters.StatisticsQueue];
        while (IsLiveLocked)
        {
            if (TryPopLocked(queue, _chain))
            {
                ReadStatisticsBufferLocked();
                queue.Unpop(1);
                queue.EnableNotifications(1);
                return;
            }

            if (!IsLiveLocked || !queue.EnableNotifications())
                return;
        }
    }

    private void ReadStatisticsBufferLocked()
    {
        int length = _chain.Read(0, _bytes.AsSpan(0, (int)Math.Min(_chain.ReadableLength, MaximumStatistics)));
        for (int at = 0; at + BalloonRegisters.StatisticLength <= length; at += BalloonRegisters.StatisticLength)
        {
            int tag = BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));
            if (tag < _statistics.Length)
                _statistics[tag] = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(at + BalloonRegisters.StatisticValue));
        }
    }

    private void ForgetStatisticsLocked()
    {
        _statistics.AsSpan().Fill(Unknown);
        if (_interval != 0)
            _poll.Arm(_clock.Now + _interval);
    }

    private void Poll()
    {
        AskForStatistics();
        _poll.Arm(_clock.Now + _interval);
    }
}
