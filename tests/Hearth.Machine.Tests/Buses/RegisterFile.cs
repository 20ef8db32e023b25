namespace Hearth.Machine.Tests.Buses;

/// <summary>A device that answers with its own number and remembers the last write.</summary>
internal sealed class RegisterFile(ulong answer) : IBusDevice
{
    public ulong LastOffset { get; private set; }

    public ulong LastValue { get; private set; }

    public int Writes { get; private set; }

    public ulong Read(ulong offset, AccessWidth width)
    {
        LastOffset = offset;
        return answer;
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        Writes++;
        LastOffset = offset;
        LastValue = value;
    }
}
