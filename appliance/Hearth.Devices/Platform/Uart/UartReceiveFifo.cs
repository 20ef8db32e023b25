using Hearth.Machine;

namespace Hearth.Devices.Platform.Uart;

/// <summary>The 16-byte receive FIFO; each character carries the line errors it arrived with (PC16550D, section 8.4).</summary>
internal sealed class UartReceiveFifo
{
    public const int Depth = 16;

    private readonly byte[] _characters = new byte[Depth];
    private readonly byte[] _errors = new byte[Depth];
    private int _head;

    public int Count { get; private set; }

    /// <summary>The errors of the character that is read next.</summary>
    public LineStatuses NextErrors => Count == 0 ? LineStatuses.None : (LineStatuses)_errors[_head];

    public bool HasErrors
    {
        get
        {
            for (int i = 0; i < Count; i++)
            {
                if (_errors[(_head + i) % Depth] != 0)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Takes the next character; the FIFO must not be empty.</summary>
    public byte Pop()
    {
        byte character = _characters[_head];
        _head = (_head + 1) % Depth;
        Count--;
        return character;
    }

    /// <summary>Adds a character; the FIFO must have room.</summary>
    public void Push(byte character, LineStatuses errors)
    {
        int tail = (_head + Count) % Depth;
        _characters[tail] = character;
        _errors[tail] = (byte)errors;
        Count++;
    }

    /// <summary>Forgets the errors of the next character: reading LSR shows them once.</summary>
    public void ClearNextErrors() => _errors[_head] = 0;

    public void Clear()
    {
        _head = 0;
        Count = 0;
        Array.Clear(_errors);
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte((byte)Count);
        for (int i = 0; i < Count; i++)
        {
            to.WriteByte(_characters[(_head + i) % Depth]);
            to.WriteByte(_errors[(_head + i) % Depth]);
        }
    }

    public void Restore(IStateReader from)
    {
        Clear();
        int count = from.ReadByte();
        if (count > Depth)
            throw new SavedStateException("The saved state of a UART holds more received characters than its FIFO has room for.");
        for (int i = 0; i < count; i++)
            Push(from.ReadByte(), (LineStatuses)from.ReadByte() & LineStatuses.Errors);
    }
}
