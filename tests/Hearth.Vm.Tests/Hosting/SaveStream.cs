using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Tests.Hosting;

/// <summary>The supervisor's end of a save: keeps the first byte of each page that comes.</summary>
internal sealed class SaveStream : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly FileDescriptor _stream;
    private readonly Thread _reading;
    private readonly Dictionary<long, byte> _pages = [];

    /// <param name="stream">Owned from now on.</param>
    /// <param name="number">Of the order.</param>
    public SaveStream(FileDescriptor stream, int number, bool isRead)
    {
        _stream = stream;
        Number = number;
        _reading = new Thread(Read) { IsBackground = true, Name = "stream" };
        if (isRead)
            _reading.Start();
    }

    public int Number { get; }

    /// <summary>All of it has come.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>What came of each page; once nothing more comes.</summary>
    public IReadOnlyDictionary<long, byte> Pages => _pages;

    public void BeginReading() => _reading.Start();

    public void WaitForTheEnd() => Assert.True(_reading.Join(s_limit), "The stream does not end.");

    public void Dispose()
    {
        _stream.ShutDown();
        if (_reading.IsAlive)
            _reading.Join();
        _stream.Dispose();
    }

    private void Read()
    {
        var header = new byte[StateFrame.HeaderLength];
        while (!IsWhole && TryRead(header))
        {
            var frame = StateFrame.Read(header);
            var content = new byte[frame.Length];
            if (!TryRead(content))
                return;
            IsWhole = frame.Kind == StateFrameKind.End;
            for (int i = 0; frame.Kind == StateFrameKind.Pages && i < frame.Length / PageSet.PageSize; i++)
                _pages[frame.Value + i] = content[i * PageSet.PageSize];
        }
    }

    private bool TryRead(Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            int count = _stream.Read(to);
            if (count == 0)
                return false;
            to = to[count..];
        }

        return true;
    }
}
