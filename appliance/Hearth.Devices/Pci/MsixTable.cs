using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The MSI-X table, the pending bits and the message control word of a function (PCI 3.0, section 6.8.2). Not synchronized:
/// the function's lock is held.
/// </summary>
/// <remarks>
/// <code>
/// Notify ──► function masked or vector masked? ── no ──► message sent
///                        │ yes
///                        ▼
///                   pending bit ── unmasked ──► message sent, bit cleared
/// </code>
/// </remarks>
public sealed class MsixTable
{
    /// <summary>Bytes of one table entry: address (8), data (4), vector control (4).</summary>
    public const int EntryLength = 16;

    /// <summary>The length of the capability after id and link: message control, table, pending bits.</summary>
    internal const int CapabilityBodyLength = 10;

    private const ushort ControlEnable = 1 << 15;
    private const ushort ControlMask = 1 << 14;
    private const uint VectorMasked = 1;
    private const int MaximumVectors = 64;

    private readonly IMessageInterruptSink _sink;
    private readonly uint[] _words;
    private ulong _pending;
    private bool _masked;

    /// <param name="vectors">1 to 64.</param>
    public MsixTable(int vectors, IMessageInterruptSink sink)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vectors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors, MaximumVectors);
        VectorCount = vectors;
        _sink = sink;
        _words = new uint[vectors * EntryLength / 4];
        Reset();
    }

    public int VectorCount { get; }

    /// <summary>True when the guest switched MSI-X on: INTx is then silent.</summary>
    public bool IsEnabled { get; private set; }

    internal static ushort ControlWritable => ControlEnable | ControlMask;

    internal ushort ControlPowerOn => (ushort)(VectorCount - 1);

    /// <summary>Everything masked and nothing pending.</summary>
    public void Reset()
    {
        Array.Clear(_words);
        for (int vector = 0; vector < VectorCount; vector++)
            ControlOf(vector) = VectorMasked;
        _pending = 0;
        IsEnabled = false;
        _masked = false;
    }

    /// <summary>Follows the message control word of the capability.</summary>
    public void SetControl(ushort control)
    {
        IsEnabled = (control & ControlEnable) != 0;
        _masked = (control & ControlMask) != 0;
        SendPending();
    }

    /// <summary>Sends a vector's message, or remembers it while it is masked.</summary>
    /// <param name="vector">A vector that does not exist sends nothing.</param>
    public void Notify(int vector)
    {
        if (!IsEnabled || (uint)vector >= (uint)VectorCount)
            return;
        if (_masked || (ControlOf(vector) & VectorMasked) != 0)
            _pending |= 1UL << vector;
        else
            Send(vector);
    }

    /// <summary>Reads the table; aligned dwords and qwords are defined, anything else reads as its part of the dword.</summary>
    public ulong ReadTable(ulong offset, AccessWidth width)
    {
        int index = (int)(offset / 4);
        if (index >= _words.Length)
            return 0;
        ulong value = _words[index];
        if (width == AccessWidth.Qword && index + 1 < _words.Length)
            value |= (ulong)_words[index + 1] << 32;
        return value >> (int)(8 * (offset & 3));
    }

    /// <summary>Writes the table; writes that are no aligned dwords or qwords are ignored.</summary>
    public void WriteTable(ulong offset, AccessWidth width, ulong value)
    {
        int index = (int)(offset / 4);
        if (width < AccessWidth.Dword || offset % 4 != 0 || index >= _words.Length)
            return;
        WriteWord(index, (uint)value);
        if (width == AccessWidth.Qword && index + 1 < _words.Length)
            WriteWord(index + 1, (uint)(value >> 32));
        SendPending();
    }

    /// <summary>Reads the pending bits, one quadword for 64 vectors; they cannot be written.</summary>
    public ulong ReadPending(ulong offset) => offset < sizeof(ulong) ? _pending >> (int)(8 * offset) : 0;

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        foreach (uint word in _words)
            to.WriteUInt32(word);
        to.WriteUInt64(_pending);
    }

    /// <param name="control">The message control word, restored with configuration space.</param>
    public void Restore(IStateReader from, ushort control)
    {
        ArgumentNullException.ThrowIfNull(from);
        for (int i = 0; i < _words.Length; i++)
            WriteWord(i, from.ReadUInt32());
        _pending = from.ReadUInt64() & (ulong.MaxValue >> (64 - VectorCount));
        IsEnabled = (control & ControlEnable) != 0;
        _masked = (control & ControlMask) != 0;
    }

    private ref uint ControlOf(int vector) => ref _words[(vector * 4) + 3];

    private void WriteWord(int index, uint value) => _words[index] = (index & 3) switch
    {
        0 => value & ~3U,
        3 => value & VectorMasked,
        _ => value,
    };

    private void SendPending()
    {
        if (!IsEnabled || _masked)
            return;
        for (ulong rest = _pending; rest != 0; rest &= rest - 1)
        {
            int vector = BitOperations.TrailingZeroCount(rest);
            if ((ControlOf(vector) & VectorMasked) != 0)
                continue;
            _pending &= ~(1UL << vector);
            Send(vector);
        }
    }

    private void Send(int vector)
    {
        ReadOnlySpan<uint> entry = _words.AsSpan(vector * 4, 4);
        _sink.Send(((ulong)entry[1] << 32) | entry[0], entry[2]);
    }
}
