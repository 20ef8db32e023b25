using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>What disks and CDs on an IDE channel have in common: registers, and the way of data between host, buffer and backend. The device's lock is held.</summary>
/// <remarks>
/// <code>
/// none ── command ──► busy, wants the backend ──► request in flight ──► buffer filled or emptied ─┬─► none, interrupt
///            └──► data request, moved by the host or the bus master ◄──── more is left ◄─────────┘
/// </code>
/// A request is in flight at most; commands that are written while the drive is busy are lost, as the standard has it.
/// </remarks>
internal abstract class IdeDrive
{
    /// <summary>Bytes that go to or come from the backend at a time.</summary>
    protected const int BufferLength = 128 << 10;

    protected const int SectorLength = 512;

    // So that a save does not carry what nobody will read.
    private const int NoData = 0;

    private readonly byte[] _buffer = new byte[BufferLength];
    private readonly Memory<byte>[] _pieces = new Memory<byte>[1];
    private TaskFile _registers;
    private IdeTransfer _transfer;

    // Where the backend goes on, and how many bytes of the command it still has to read or write.
    private ulong _offset;
    private int _left;

    // Bytes in the buffer, how many of them the host has moved, and where the block that it moves now ends.
    private int _filled;
    private int _position;
    private int _blockEnd;
    private int _blockLength;
    private bool _wantsBackend;
    private bool _isInFlight;
    private bool _isResetPending;

    protected IdeDrive(string serial)
    {
        Serial = serial;
    }

    /// <summary>Set when the drive is plugged in.</summary>
    public IdeChannel Channel { get; set; } = null!;

    public IdeStatus Status { get; protected set; }

    /// <summary>The drive asks for an interrupt; reading its status ends that.</summary>
    public bool IsInterrupting { get; set; }

    public bool IsInFlight => _isInFlight;

    /// <summary>The backend has something to do: see <see cref="TryTakeRequest"/>.</summary>
    public bool WantsBackend => _wantsBackend;

    protected string Serial { get; }

    protected IdeError Error { get; set; }

    protected IdeTransfer Transfer => _transfer;

    protected Span<byte> Buffer => _buffer;

    protected ref TaskFile Registers => ref _registers;

    /// <summary>Null where a removable medium is absent.</summary>
    protected abstract IBlockBackend? Backend { get; }

    /// <summary>Status when nothing is under way and nothing failed.</summary>
    protected const IdeStatus Idle = IdeStatus.Ready | IdeStatus.SeekComplete;

    private bool HasData => (Status & (IdeStatus.Busy | IdeStatus.DataRequest)) == IdeStatus.DataRequest;

    public byte ReadRegister(ulong register, bool previous) => register == IdeRegisters.Features ? (byte)Error : _registers.Read(register, previous);

    /// <summary>Both drives of a channel take a write, whichever is selected (section 7.1).</summary>
    public void WriteRegister(ulong register, byte value)
    {
        if ((Status & (IdeStatus.Busy | IdeStatus.DataRequest)) == 0)
            _registers.Write(register, value);
        else if (register == IdeRegisters.Device)
            _registers.Device = value;
    }

    public void WriteCommand(byte command)
    {
        // A CD takes DEVICE RESET at any time (section 8.10); nothing else is heard by a drive that is busy.
        if (!CanInterrupt(command) && (Status & (IdeStatus.Busy | IdeStatus.DataRequest)) != 0)
            return;
        IsInterrupting = false;
        if (_isInFlight)
        {
            _isResetPending = true;
            return;
        }

        EndTransfer();
        Error = IdeError.None;
        Status = Idle;
        Execute(command);
    }

    /// <summary>To the state after power-on.</summary>
    public void Reset()
    {
        _registers = default;
        EndTransfer();
        IsInterrupting = false;
        ResetDrive();
        SetSignature();
    }

    /// <summary>SRST: what is under way ends; a request in flight ends first.</summary>
    public void SoftReset()
    {
        IsInterrupting = false;
        if (_isInFlight)
        {
            _isResetPending = true;
            Status = IdeStatus.Busy;
            return;
        }

        EndTransfer();
        SetSignature();
    }

    /// <summary>The next bytes of the data register; zeros when there are none.</summary>
    public uint ReadData(int width)
    {
        if (_transfer != IdeTransfer.PioIn || !HasData)
            return 0;
        uint value = 0;
        for (int i = 0; i < width && _position < _blockEnd; i++)
            value |= (uint)_buffer[_position++] << (8 * i);
        if (_position == _blockEnd)
            EndBlockIn();
        return value;
    }

    public void WriteData(uint value, int width)
    {
        if (_transfer is not (IdeTransfer.PioOut or IdeTransfer.Packet) || !HasData)
            return;
        for (int i = 0; i < width && _position < _blockEnd; i++)
            _buffer[_position++] = (byte)(value >> (8 * i));
        if (_position < _blockEnd)
            return;
        if (_transfer == IdeTransfer.PioOut)
        {
            AskBackend();
            return;
        }

        EndTransfer();
        Status = Idle;
        ExecutePacket(_buffer);
    }

    /// <summary>Moves what can be moved between the buffer and memory.</summary>
    public void AdvanceDma(BusMaster master)
    {
        if (_wantsBackend || _isInFlight)
            return;
        if (_transfer == IdeTransfer.DmaIn)
            AdvanceDmaIn(master);
        else if (_transfer == IdeTransfer.DmaOut)
            AdvanceDmaOut(master);
    }

    /// <summary>What the backend has to do now.</summary>
    /// <returns>False when there is nothing.</returns>
    public bool TryTakeRequest(int tag, IBlockCompletion completion, out IBlockBackend backend, out BlockRequest request)
    {
        backend = Backend!;
        request = default;
        if (!_wantsBackend || backend is null)
            return false;
        _wantsBackend = false;
        _isInFlight = true;
        if (_transfer == IdeTransfer.Flush)
        {
            request = new BlockRequest(BlockOperation.Flush, 0, 0, default, completion, tag);
            return true;
        }

        bool reads = _transfer is IdeTransfer.PioIn or IdeTransfer.DmaIn;
        int length = reads ? Math.Min(_left, BufferLength) : _filled;
        _pieces[0] = _buffer.AsMemory(0, length);
        request = new BlockRequest(reads ? BlockOperation.Read : BlockOperation.Write, _offset, (ulong)length, _pieces, completion, tag);
        return true;
    }

    /// <summary>A request ended.</summary>
    public void Complete(BlockStatus status, BusMaster master)
    {
        _isInFlight = false;
        if (_isResetPending)
        {
            _isResetPending = false;
            EndTransfer();
            SetSignature();
            return;
        }

        if (status != BlockStatus.Ok)
        {
            FailTransfer();
            return;
        }

        switch (_transfer)
        {
            case IdeTransfer.PioIn:
                AcceptFilled();
                OpenBlockIn();
                break;
            case IdeTransfer.DmaIn:
                AcceptFilled();
                Status = Idle | IdeStatus.DataRequest;
                AdvanceDma(master);
                break;
            case IdeTransfer.PioOut:
                AcceptEmptied();
                OpenNextBlockOut();
                break;
            case IdeTransfer.DmaOut:
                AcceptEmptied();
                Status = Idle | IdeStatus.DataRequest;
                AdvanceDma(master);
                break;
            default:
                Finish();
                break;
        }
    }

    public void Save(IStateWriter to)
    {
        _registers.Save(to);
        to.WriteByte((byte)Status);
        to.WriteByte((byte)Error);
        to.WriteBoolean(IsInterrupting);
        to.WriteByte((byte)_transfer);
        to.WriteUInt64(_offset);
        to.WriteUInt32((uint)_left);
        to.WriteUInt32((uint)_position);
        to.WriteUInt32((uint)_blockEnd);
        to.WriteUInt32((uint)_blockLength);

        // A request in flight is made again: a read has changed nothing yet, and a write is the same a second time.
        to.WriteBoolean(_wantsBackend || _isInFlight);
        to.WriteBytes(_buffer.AsSpan(0, _filled));
        SaveDrive(to);
    }

    /// <exception cref="SavedStateException">The state is damaged, or of another disk.</exception>
    public void Restore(IStateReader from)
    {
        _registers = TaskFile.Load(from);
        Status = (IdeStatus)from.ReadByte();
        Error = (IdeError)from.ReadByte();
        IsInterrupting = from.ReadBoolean();
        _transfer = (IdeTransfer)from.ReadByte();
        _offset = from.ReadUInt64();
        uint left = from.ReadUInt32();
        uint position = from.ReadUInt32();
        uint blockEnd = from.ReadUInt32();
        uint blockLength = from.ReadUInt32();
        _wantsBackend = from.ReadBoolean();
        byte[] data = from.ReadBytes(BufferLength);
        RestoreDrive(from);
        _wantsBackend &= Backend is not null;
        _isInFlight = false;
        _isResetPending = false;
        bool isSound = _transfer <= IdeTransfer.Packet && position <= blockEnd && blockEnd <= (uint)data.Length && blockLength <= BufferLength
            && (blockLength > 0 || _transfer is IdeTransfer.None or IdeTransfer.Flush or IdeTransfer.Packet) && IsInside(_offset, left);
        bool isOut = _transfer is IdeTransfer.PioOut or IdeTransfer.DmaOut;
        if (!isSound || (isOut && ((uint)data.Length > left || (_wantsBackend && data.Length % SectorLength != 0))))
            throw new SavedStateException("The saved state of an IDE drive is damaged, or of a disk of another size.");
        data.CopyTo(_buffer, 0);
        _filled = data.Length;
        (_left, _position, _blockEnd, _blockLength) = ((int)left, (int)position, (int)blockEnd, (int)blockLength);
    }

    /// <summary>Carries out a command. Status is <see cref="Idle"/>.</summary>
    protected abstract void Execute(byte command);

    /// <summary>Carries out a packet command.</summary>
    protected virtual void ExecutePacket(ReadOnlySpan<byte> packet)
    {
    }

    /// <summary>The registers after a reset, by which a host knows what kind of drive this is (section 9.12).</summary>
    protected abstract void SetSignature();

    protected abstract void ResetDrive();

    protected abstract void SaveDrive(IStateWriter to);

    protected abstract void RestoreDrive(IStateReader from);

    /// <summary>The backend failed.</summary>
    protected abstract void FailTransfer();

    /// <summary>A block of data is ready for the host to read.</summary>
    protected virtual void NoteBlockIn(int length)
    {
    }

    /// <summary>The last byte was read.</summary>
    protected abstract void FinishPioIn();

    /// <summary>Everything else has ended well.</summary>
    protected virtual void Finish()
    {
        EndTransfer();
        Status = Idle;
        Raise();
    }

    protected virtual bool CanInterrupt(byte command) => false;

    /// <summary>Begins to move data between the host and the backend.</summary>
    /// <param name="offset">Bytes; with <paramref name="length"/> inside the disk.</param>
    /// <param name="blockLength">Bytes that the host moves through the data register at a time; at most those of the buffer.</param>
    protected void Begin(IdeTransfer transfer, ulong offset, int length, int blockLength)
    {
        _transfer = transfer;
        _offset = offset;
        _left = length;
        _blockLength = blockLength;
        if (transfer == IdeTransfer.PioOut)
            OpenBlockOut();
        else if (transfer == IdeTransfer.DmaOut)
            Status = Idle | IdeStatus.DataRequest;
        else
            AskBackend();
    }

    /// <summary>Begins to give the host what is in the buffer.</summary>
    /// <param name="transfer">PIO or DMA in.</param>
    protected void BeginReply(IdeTransfer transfer, int length, int blockLength)
    {
        _transfer = transfer;
        _filled = length;
        _blockEnd = length;
        _blockLength = blockLength;
        if (transfer == IdeTransfer.PioIn)
            OpenBlockIn();
        else
            Status = Idle | IdeStatus.DataRequest;
    }

    /// <summary>Waits for the bytes of a packet.</summary>
    protected void BeginPacket(int length)
    {
        _transfer = IdeTransfer.Packet;
        _filled = length;
        _blockEnd = length;
        Status = Idle | IdeStatus.DataRequest;
    }

    protected void BeginFlush()
    {
        _transfer = IdeTransfer.Flush;
        AskBackend();
    }

    protected void EndTransfer()
    {
        _transfer = IdeTransfer.None;
        _offset = 0;
        _left = 0;
        _filled = NoData;
        _position = 0;
        _blockEnd = 0;
        _blockLength = 0;
        _wantsBackend = false;
    }

    /// <summary>Ends a command with an error.</summary>
    protected void Fail(IdeError error)
    {
        EndTransfer();
        Error = error;
        Status = Idle | IdeStatus.Error;
        Raise();
    }

    protected void Raise() => Channel.Raise(this);

    private bool IsInside(ulong offset, uint length)
    {
        ulong capacity = Backend?.Capacity ?? 0;
        return offset <= capacity && length <= capacity - offset && length <= int.MaxValue && (offset | length) % SectorLength == 0;
    }

    private void AskBackend()
    {
        Status = IdeStatus.Busy;
        _wantsBackend = true;
    }

    private void AcceptFilled()
    {
        _filled = Math.Min(_left, BufferLength);
        _position = 0;
        _blockEnd = _filled;
        _offset += (ulong)_filled;
        _left -= _filled;
    }

    private void AcceptEmptied()
    {
        _offset += (ulong)_filled;
        _left -= _filled;
        _filled = NoData;
        _position = 0;
    }

    private void OpenBlockIn()
    {
        _blockEnd = Math.Min(_position + _blockLength, _filled);
        Status = Idle | IdeStatus.DataRequest;
        NoteBlockIn(_blockEnd - _position);
        Raise();
    }

    private void EndBlockIn()
    {
        if (_position < _filled)
            OpenBlockIn();
        else if (_left > 0)
            AskBackend();
        else
            FinishPioIn();
    }

    private void OpenBlockOut()
    {
        _filled = Math.Min(_left, _blockLength);
        _position = 0;
        _blockEnd = _filled;
        Status = Idle | IdeStatus.DataRequest;
    }

    private void OpenNextBlockOut()
    {
        if (_left == 0)
        {
            Finish();
            return;
        }

        OpenBlockOut();
        Raise();
    }

    private void AdvanceDmaIn(BusMaster master)
    {
        _position += master.Put(_buffer.AsSpan(_position, _filled - _position));
        if (_position < _filled)
            return;
        if (_left > 0)
        {
            AskBackend();
            return;
        }

        master.NoteEnd();
        Finish();
    }

    private void AdvanceDmaOut(BusMaster master)
    {
        if (_left == 0)
        {
            master.NoteEnd();
            Finish();
            return;
        }

        int wanted = Math.Min(_left, BufferLength);
        _filled += master.Take(_buffer.AsSpan(_filled, wanted - _filled));
        if (_filled == wanted)
            AskBackend();
    }
}
