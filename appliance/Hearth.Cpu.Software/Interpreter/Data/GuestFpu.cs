namespace Hearth.Cpu.Software;

/// <summary>
/// The x87 and MMX state as an FXSAVE64 image (Intel SDM Vol. 1, section 10.5.1). Register ST(i) is at 32 + 16 i, so the order
/// in the image depends on TOP; the abridged tags belong to the physical registers.
/// </summary>
/// <remarks>The last-instruction pointers and opcode are always zero: the host's would give away where its code lies.</remarks>
internal sealed unsafe class GuestFpu
{
    /// <summary>FSW.ES: an unmasked exception is pending.</summary>
    public const ushort ErrorSummary = 0x80;

    public const int RegisterOffset = 32;
    public const int RegisterStride = 16;
    public const int RegisterLength = 10;
    public const int RegisterBytes = 8 * RegisterStride;
    public const ushort InitialControl = 0x37F;

    private const ushort Busy = 0x8000;
    private const ushort ExceptionBits = 0x3F;
    private const ushort WritableControl = 0x1F3F;
    private const ushort FixedControl = 0x40;
    private const int TopShift = 11;

    // SAFETY: the image is 512 bytes of the state block, which outlives the interpreter; register numbers are masked to 0–7.
    private readonly VcpuState* _state;
    private readonly IHostFpu _host;

    public GuestFpu(VcpuState* state, IHostFpu host)
    {
        _state = state;
        _host = host;
    }

    /// <summary>Brings the state out of the host's registers, where it is there; first of all.</summary>
    public void Claim()
    {
        if (_state->X87Loaded != 0)
            _host.Spill();
    }

    public ushort ControlWord => *(ushort*)_state->X87;

    public ushort StatusWord => *(ushort*)(_state->X87 + 2);

    /// <summary>One bit a physical register, set when it is not empty.</summary>
    public byte Tags
    {
        get => _state->X87[4];
        set => _state->X87[4] = value;
    }

    public int Top => (StatusWord >> TopShift) & 7;

    /// <summary>Two bits a physical register: 0 valid, 1 zero, 2 special, 3 empty (Intel SDM Vol. 1, figure 8-7).</summary>
    public ushort FullTags
    {
        get
        {
            int tags = 0;
            for (int physical = 0; physical < 8; physical++)
                tags |= TagOf(physical) << (physical * 2);
            return (ushort)tags;
        }
    }

    /// <summary>The 10 bytes of ST(i).</summary>
    public byte* Register(int i) => _state->X87 + RegisterOffset + ((i & 7) * RegisterStride);

    /// <summary>The 8 bytes of MM<paramref name="number"/>: the significand of a physical register.</summary>
    public byte* Mmx(int number) => Register(number - Top);

    /// <summary>Sets the control and status words as the processor takes them: reserved bits fixed, ES and B made from the rest.</summary>
    public void SetControlAndStatus(ushort control, ushort status)
    {
        control = (ushort)((control & WritableControl) | FixedControl);
        bool pending = (status & ~control & ExceptionBits) != 0;
        status = (ushort)(status & ~(ErrorSummary | Busy));
        if (pending)
            status |= ErrorSummary | Busy;
        *(ushort*)_state->X87 = control;
        *(ushort*)(_state->X87 + 2) = status;
    }

    /// <summary>As <see cref="SetControlAndStatus"/>, and the registers keep their physical places although TOP changes.</summary>
    public void MoveToControlAndStatus(ushort control, ushort status)
    {
        int oldTop = Top;
        SetControlAndStatus(control, status);
        Rotate((Top - oldTop) & 7);
    }

    /// <summary>FNINIT: the registers keep their contents, but all are empty.</summary>
    public void Initialize()
    {
        MoveToControlAndStatus(InitialControl, 0);
        Tags = 0;
    }

    /// <summary>Masks all exceptions, as FNSTENV does after it has stored.</summary>
    public void MaskExceptions() => SetControlAndStatus((ushort)(ControlWord | ExceptionBits), StatusWord);

    /// <summary>What every MMX instruction does to the x87 state: TOP is 0 and no register is empty.</summary>
    public void EnterMmx()
    {
        MoveToControlAndStatus(ControlWord, (ushort)(StatusWord & ~(7 << TopShift)));
        Tags = 0xFF;
    }

    /// <summary>The initial configuration of Intel SDM Vol. 1, section 13.6.</summary>
    public void Reset()
    {
        new Span<byte>(_state->X87, RegisterOffset + RegisterBytes).Clear();
        SetControlAndStatus(InitialControl, 0);
    }

    /// <summary>Not <see cref="Reset"/>'s state: XINUSE[0].</summary>
    public bool IsInUse =>
        ControlWord != InitialControl
        || StatusWord != 0
        || Tags != 0
        || new ReadOnlySpan<byte>(Register(0), RegisterBytes).ContainsAnyExcept((byte)0);

    /// <summary>Writes bytes 0–23 and 32–159 of an FXSAVE area.</summary>
    public void Store(byte* area)
    {
        new Span<byte>(area, 24).Clear();
        *(ushort*)area = ControlWord;
        *(ushort*)(area + 2) = StatusWord;
        area[4] = Tags;
        for (int i = 0; i < 8; i++)
            CopyRegister(Register(i), area + RegisterOffset + (i * RegisterStride));
    }

    /// <summary>Takes the state from an FXSAVE area.</summary>
    public void Load(byte* area)
    {
        new Span<byte>(_state->X87, 24).Clear();
        SetControlAndStatus(*(ushort*)area, *(ushort*)(area + 2));
        Tags = area[4];
        for (int i = 0; i < 8; i++)
            CopyRegister(area + RegisterOffset + (i * RegisterStride), Register(i));
    }

    private static void CopyRegister(byte* from, byte* to)
    {
        *(ulong*)to = *(ulong*)from;
        *(ulong*)(to + 8) = *(ushort*)(from + 8);
    }

    private int TagOf(int physical)
    {
        if ((Tags & (1 << physical)) == 0)
            return 3;
        byte* register = Register(physical - Top);
        ulong significand = *(ulong*)register;
        int exponent = *(ushort*)(register + 8) & 0x7FFF;
        return exponent switch
        {
            0x7FFF => 2,
            0 => significand == 0 ? 1 : 2,
            _ => (long)significand < 0 ? 0 : 2,
        };
    }

    /// <summary>ST(i) becomes what was ST(i + distance).</summary>
    private void Rotate(int distance)
    {
        if (distance == 0)
            return;
        byte* copy = stackalloc byte[RegisterBytes];
        Buffer.MemoryCopy(Register(0), copy, RegisterBytes, RegisterBytes);
        for (int i = 0; i < 8; i++)
            CopyRegister(copy + (((i + distance) & 7) * RegisterStride), Register(i));
    }
}
