using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>Programs on the host, as a test wants them: each stream has what it says, what it was sent, and how much room it has.</summary>
internal sealed class FakeVsockHost : IVsockHost
{
    private readonly Queue<(uint Port, FakeStream Stream)> _listening = new();

    public IVsockGuest Guest { get; private set; } = null!;

    public void Connect(IVsockGuest guest) => Guest = guest;

    public FakeStream Listen(uint port)
    {
        var stream = new FakeStream();
        _listening.Enqueue((port, stream));
        return stream;
    }

    public IVsockStream? Accept(uint port, uint guestPort) =>
        _listening.TryPeek(out (uint Port, FakeStream Stream) next) && next.Port == port ? _listening.Dequeue().Stream : null;

    internal sealed class FakeStream : IVsockStream
    {
        private byte[] _says = [];
        private int _said;

        public int Tag { get; set; } = -1;

        public byte[] Got { get; } = new byte[1 << 20];

        public int GotLength { get; private set; }

        public int Room { get; set; } = 1 << 20;

        public bool IsEnded { get; set; }

        public uint? Confirmed { get; private set; }

        public (bool Input, bool Room) Awaits { get; private set; }

        public bool HasEndedSend { get; private set; }

        public bool IsClosed { get; private set; }

        public void Say(byte[] bytes)
        {
            _says = bytes;
            _said = 0;
        }

        public void Confirm(uint port) => Confirmed = port;

        public int Send(ReadOnlySpan<byte> bytes)
        {
            if (IsClosed)
                return IVsockStream.Ended;
            int count = Math.Min(bytes.Length, Math.Min(Room, Got.Length - GotLength));
            bytes[..count].CopyTo(Got.AsSpan(GotLength));
            GotLength += count;
            Room -= count;
            return count;
        }

        public int Receive(Span<byte> to)
        {
            int count = Math.Min(to.Length, _says.Length - _said);
            _says.AsSpan(_said, count).CopyTo(to);
            _said += count;
            return count == 0 && IsEnded ? IVsockStream.Ended : count;
        }

        public void Await(bool input, bool room) => Awaits = (input, room);

        public void EndSend() => HasEndedSend = true;

        public void Close() => IsClosed = true;
    }
}
