using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>Programs on the host that take what comes, say something, come to an end, and must be left alone when their stream was closed.</summary>
internal sealed class VsockPrograms : IVsockHost
{
    /// <summary>Ports above find no program.</summary>
    public const uint LastPort = 6;

    // Streams that the device has not closed yet, as far as there is room: the others are told nothing any more.
    private readonly List<Program> _open = new(1024);
    private readonly Random _random = new(1);
    private IVsockGuest _guest = null!;

    public void Connect(IVsockGuest guest) => _guest = guest;

    public IVsockStream? Accept(uint port, uint guestPort) => port <= LastPort ? Open() : null;

    /// <summary>A program reaches for the guest, or has something new.</summary>
    public void Act(Random random)
    {
        if (random.Next(4) == 0)
        {
            Program program = Open();
            if (!_guest.TryConnect(program, (uint)random.Next(1, 9)))
                program.Close();
        }
        else if (_open.Count != 0)
        {
            _guest.Ready(_open[random.Next(_open.Count)]);
        }
    }

    private Program Open()
    {
        var program = new Program(this);
        if (_open.Count < _open.Capacity)
            _open.Add(program);
        return program;
    }

    private sealed class Program(VsockPrograms host) : IVsockStream
    {
        private bool _isClosed;

        public int Tag { get; set; } = -1;

        public void Confirm(uint port) => MustBeOpen();

        public int Send(ReadOnlySpan<byte> bytes)
        {
            MustBeOpen();
            return host._random.Next(8) switch
            {
                0 => host._random.Next(10) == 0 ? IVsockStream.Ended : 0,
                1 => 0,
                2 => host._random.Next(bytes.Length + 1),
                _ => bytes.Length,
            };
        }

        public int Receive(Span<byte> to)
        {
            MustBeOpen();
            return host._random.Next(8) switch
            {
                0 => host._random.Next(4) == 0 ? IVsockStream.Ended : 0,
                1 => to.Length,
                _ => Math.Min(to.Length, host._random.Next(200)),
            };
        }

        public void Await(bool input, bool room) => MustBeOpen();

        public void EndSend() => MustBeOpen();

        public void Close()
        {
            MustBeOpen();
            _isClosed = true;
            host._open.Remove(this);
        }

        private void MustBeOpen()
        {
            if (_isClosed)
                throw new InvalidOperationException("a stream is used that was closed");
        }
    }
}
