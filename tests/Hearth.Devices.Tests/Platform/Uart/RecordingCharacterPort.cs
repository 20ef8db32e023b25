using System.Text;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Platform.Uart;

/// <summary>A port that keeps what the guest sent and counts the calls; it allocates nothing until its room is used up.</summary>
internal sealed class RecordingCharacterPort : ICharacterPort
{
    private readonly byte[] _sent = new byte[1 << 20];
    private ICharacterReceiver? _receiver;

    public int Writes { get; private set; }

    public int Length { get; private set; }

    public string Text => Encoding.ASCII.GetString(_sent, 0, Length);

    public void Write(ReadOnlySpan<byte> data)
    {
        Writes++;
        data.CopyTo(_sent.AsSpan(Length));
        Length += data.Length;
    }

    public void Connect(ICharacterReceiver receiver) => _receiver = receiver;

    /// <summary>Types at the host.</summary>
    /// <returns>How many characters the device took.</returns>
    public int Type(string text) => _receiver!.Receive(Encoding.ASCII.GetBytes(text));
}
