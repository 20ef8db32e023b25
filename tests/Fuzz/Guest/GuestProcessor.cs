using System.Diagnostics;
using Hearth.Cpu;
using Hearth.Fuzz.State;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Fuzz.Guest;

/// <summary>The subject: a vCPU of an engine in a machine with nothing but RAM, running test programs at CPL 3.</summary>
internal sealed class GuestProcessor : IProcessor, IVcpuBus
{
    /// <summary>Far more than any program takes, the engine's own start-up included: endless programs never get here.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    private readonly GuestFlavour _flavour;
    private readonly GuestRam _ram = new(GuestSystem.RamLength);
    private readonly GuestSystem _system;
    private readonly ICpuEngine _engine;
    private readonly IVcpu _vcpu;
    private readonly CpuState _state;
    private readonly byte[] _device = new byte[MemoryLayout.ImageLength];
    private readonly Timer _watchdog;
    private bool _reported;
    private long _started;

    /// <param name="createEngine">Makes the engine for this RAM; disposed with this object.</param>
    public GuestProcessor(Func<GuestRam, ICpuEngine> createEngine, GuestFlavour flavour)
    {
        ArgumentNullException.ThrowIfNull(createEngine);
        _flavour = flavour;
        _system = new GuestSystem(_ram, flavour);
        _engine = createEngine(_ram);
        _vcpu = _engine.CreateVcpu(0);
        (_vcpu as IBareVcpu)?.Connect(new SilentApic());
        _state = _vcpu.Save();
        _system.SetSystemRegisters(_state);
        _watchdog = new Timer(_ => StopOverdue(), null, s_limit, s_limit / 2);
    }

    public string Name => $"{_engine.Name}, {_flavour}";

    public bool Supports(CodeMode mode) => _flavour switch
    {
        GuestFlavour.Legacy => mode != CodeMode.Long,
        GuestFlavour.Direct => mode == CodeMode.Long,
        _ => true,
    };

    public bool IsConclusive(Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);

        // The oracle's code can be written.
        const uint Write = 2;
        bool faulted = _flavour == GuestFlavour.Direct && outcome.Vector == ExceptionVectors.PageFault && (outcome.ErrorCode & Write) != 0;
        return !faulted || MemoryLayout.Find(outcome.FaultAddress) is not { Executable: true };
    }

    /// <summary>Some of what ran so far did so directly; see <see cref="ICpuEngine.Statistics"/>.</summary>
    public bool RanDirectly => _engine.Statistics().Any(statistic => statistic is { Name: "direct: entries", Value: not "0" });

    public void Run(TestProgram program, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(outcome);
        LoadMemory(program.Memory);
        LoadState(program.State);
        _vcpu.Restore(_state);
        _reported = false;
        Volatile.Write(ref _started, Stopwatch.GetTimestamp());
        VcpuExit exit = RunToReport();
        Volatile.Write(ref _started, 0);
        CpuState final = _vcpu.Save();
        StoreMemory(outcome.Memory);
        Classify(exit, final, outcome);
    }

    public ulong ReadPort(ushort port, AccessWidth width) => ulong.MaxValue >> (64 - (8 * (int)width));

    public void WritePort(ushort port, AccessWidth width, ulong value)
    {
        if (port != GuestSystem.ReportPort)
            return;
        _reported = true;
        _vcpu.Kick();
    }

    public ulong ReadMemory(ulong address, AccessWidth width)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        ulong offset = address - GuestSystem.DeviceAddress;
        if (offset <= (ulong)(_device.Length - (int)width))
            _device.AsSpan((int)offset, (int)width).CopyTo(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    public void WriteMemory(ulong address, AccessWidth width, ulong value)
    {
        ulong offset = address - GuestSystem.DeviceAddress;
        if (offset <= (ulong)(_device.Length - (int)width))
            BitConverter.GetBytes(value).AsSpan(0, (int)width).CopyTo(_device.AsSpan((int)offset));
    }

    public void Dispose()
    {
        _watchdog.Dispose();
        _vcpu.Dispose();
        _engine.Dispose();
        _ram.Dispose();
    }

    private VcpuExit RunToReport()
    {
        while (true)
        {
            VcpuExit exit = _vcpu.Run(this);

            // A kick of the watchdog may arrive late, in a run that has only just begun.
            bool stale = exit.Reason == VcpuExitReason.Kicked && !_reported && Stopwatch.GetElapsedTime(_started) < s_limit;
            if (!stale)
                return exit;
        }
    }

    private void LoadMemory(byte[] image)
    {
        _ram.TryWrite(new GuestAddress(GuestSystem.ImageAddress), image);
        if (_flavour == GuestFlavour.DeviceMemory)
            image.CopyTo(_device, 0);
    }

    private void StoreMemory(byte[] image)
    {
        _ram.TryRead(new GuestAddress(GuestSystem.ImageAddress), image);
        if (_flavour != GuestFlavour.DeviceMemory)
            return;
        int data = MemoryLayout.Data.Offset;
        _device.AsSpan(data).CopyTo(image.AsSpan(data));
    }

    private void LoadState(ProcessorState from)
    {
        from.Registers.CopyTo(_state.Registers, 0);
        from.Xsave.CopyTo(_state.Xsave, 0);
        (_state.Rip, _state.Rflags, _state.Cr2) = (from.Rip, from.Rflags, 0);
        for (int i = 0; i < from.Segments.Length; i++)
            _state.Segments[i] = _system.Descriptors.Load(from.Segments[i]);
        if (_flavour == GuestFlavour.Legacy)
            return;
        _state[SegmentName.FS] = _state[SegmentName.FS] with { Base = from.FsBase };
        _state[SegmentName.GS] = _state[SegmentName.GS] with { Base = from.GsBase };
    }

    private void Classify(VcpuExit exit, CpuState final, Outcome outcome)
    {
        (outcome.Vector, outcome.ErrorCode, outcome.FaultAddress, outcome.Detail) = (0, 0, 0, "");
        ProcessorState state = outcome.State;
        final.Registers.CopyTo(state.Registers, 0);
        final.Xsave.CopyTo(state.Xsave, 0);
        (state.Rip, state.Rflags) = (final.Rip, final.Rflags);
        (state.FsBase, state.GsBase) = (final[SegmentName.FS].Base, final[SegmentName.GS].Base);
        for (int i = 0; i < state.Segments.Length; i++)
            state.Segments[i] = final.Segments[i].Selector;
        outcome.End = EndKind.Exception;
        if (exit.Reason == VcpuExitReason.Kicked && _reported && _system.TryReadFrame(final, out ExceptionFrame frame))
            SetFrame(frame, final.Cr2, outcome);
        else
            (outcome.End, outcome.Detail) = exit.Reason == VcpuExitReason.Kicked && !_reported
                ? (EndKind.Timeout, "")
                : (EndKind.Broken, $"{exit.Reason}: {exit.Detail} (RIP {final.Rip:X})");
    }

    private static void SetFrame(in ExceptionFrame frame, ulong cr2, Outcome outcome)
    {
        (outcome.Vector, outcome.ErrorCode) = (frame.Vector, frame.ErrorCode);
        outcome.FaultAddress = frame.Vector == ExceptionVectors.PageFault ? cr2 : 0;
        ProcessorState state = outcome.State;
        (state.Rip, state.Rflags, state.Registers[4]) = (frame.Rip, frame.Rflags, frame.Rsp);
        (state.Segments[1], state.Segments[2]) = (frame.Cs, frame.Ss);
    }

    private void StopOverdue()
    {
        long started = Volatile.Read(ref _started);
        if (started != 0 && Stopwatch.GetElapsedTime(started) > s_limit)
            _vcpu.Kick();
    }
}
