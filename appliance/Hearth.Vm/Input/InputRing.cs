using System.Buffers.Binary;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Input;

/// <summary>
/// The one bounded ring of input events of a guest: any number of events of several devices, each of 8 bytes: device (8 bits), type (8), code
/// (16), value (32). A report ends with the event of type 0.
/// </summary>
internal sealed class InputRing : IDisposable
{
    /// <summary>Bytes of an event.</summary>
    public const int EventLength = 8;

    /// <summary>The longest report, its end included.</summary>
    public const int LongestReport = 64;

    private const int Capacity = 1 << 16;
    private const int LightsWord = 0;

    private readonly SharedRing _ring;
    private readonly EventDescriptor _filled = new();
    private readonly byte[] _raw = new byte[LongestReport * EventLength];

    public InputRing() => _ring = SharedRing.Create("hearth-input", Capacity);

    /// <summary>Raised when there is something to read.</summary>
    public EventDescriptor Filled => _filled;

    /// <summary>The lights of the guest's keyboard, for whoever fills the ring.</summary>
    public InputLights Lights
    {
        get => (InputLights)_ring.GetWord(LightsWord);
        set => _ring.SetWord(LightsWord, (long)value);
    }

    /// <summary>Writes a report as a whole, and ends it. One thread at a time.</summary>
    /// <returns>False when it is too long or the guest's process does not keep up: it is lost, all of it.</returns>
    public bool TryWrite(InputDeviceKind kind, ReadOnlySpan<InputEvent> events)
    {
        if (events.Length >= LongestReport)
            return false;
        int length = 0;
        foreach (InputEvent change in events)
            Put(kind, change, ref length);
        Put(kind, new InputEvent(InputEventType.Synchronize, 0, 0), ref length);
        bool written = _ring.TryWrite(_raw.AsSpan(0, length));
        if (written)
            _filled.Signal();
        return written;
    }

    /// <summary>Takes the next event.</summary>
    public bool TryRead(out InputDeviceKind kind, out InputEvent change)
    {
        Span<byte> raw = stackalloc byte[EventLength];
        bool isThere = _ring.Available >= EventLength && _ring.Read(raw) == EventLength;
        kind = (InputDeviceKind)raw[0];
        change = new InputEvent(raw[1], BinaryPrimitives.ReadUInt16LittleEndian(raw[2..]), BinaryPrimitives.ReadInt32LittleEndian(raw[4..]));
        return isThere;
    }

    public void Dispose()
    {
        _ring.Dispose();
        _filled.Dispose();
    }

    private void Put(InputDeviceKind kind, InputEvent change, ref int length)
    {
        Span<byte> raw = _raw.AsSpan(length, EventLength);
        raw[0] = (byte)kind;
        raw[1] = (byte)change.Type;
        BinaryPrimitives.WriteUInt16LittleEndian(raw[2..], change.Code);
        BinaryPrimitives.WriteInt32LittleEndian(raw[4..], change.Value);
        length += EventLength;
    }
}
