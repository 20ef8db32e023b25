using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>
/// Writes what a guest plays to a WAV file, on a thread of its own. The file has the format of the first run; runs follow one another without
/// the silence between them, and one in another format is left out. Of streams that play at once the first is written.
/// </summary>
internal sealed class WavRecorder : IDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    private readonly string _name;
    private readonly FileStream _file;
    private readonly Action<string> _tell;
    private readonly byte[] _piece = new byte[SoundRing.LongestRecord];
    private readonly object _sync = new();
    private readonly Thread _thread;

    // Replaced as a whole: the thread that writes to the disk holds no lock that a guest waits for.
    private volatile SoundRing[] _rings = [];
    private volatile bool _isClosing;

    // The thread's own.
    private SoundRing? _heard;
    private SoundFormat? _format;
    private long _length;
    private bool _hasTold;

    /// <param name="name">How messages call the file.</param>
    /// <param name="file">Empty, and owned by this.</param>
    /// <param name="tell">Takes a sentence for the user.</param>
    public WavRecorder(string name, FileStream file, Action<string> tell)
    {
        _name = name;
        _file = file;
        _tell = tell;
        _thread = new Thread(Run) { Name = "sound", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Listens to one more stream.</summary>
    public void Add(SoundRing ring)
    {
        lock (_sync)
            _rings = [.. _rings, ring];
    }

    /// <summary>Writes what has been played, and completes the file.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            _isClosing = true;
            Monitor.PulseAll(_sync);
        }

        _thread.Join();
        long lost = _rings.Sum(ring => ring.Lost);
        if (lost != 0)
            _tell($"{_name} lacks {lost} bytes of sound: the disk did not keep up");
        _file.Dispose();
    }

    private void Run()
    {
        bool isClosing;
        do
        {
            isClosing = IsClosingWithin(s_poll);
            foreach (SoundRing ring in _rings)
                Drain(ring);
            WriteHeader();
        }
        while (!isClosing);
    }

    private bool IsClosingWithin(TimeSpan time)
    {
        lock (_sync)
            return _isClosing || (Monitor.Wait(_sync, time) && _isClosing);
    }

    private void Drain(SoundRing source)
    {
        while (source.TryRead(out SoundRecord kind, out SoundFormat format, _piece, out int count))
        {
            switch (kind)
            {
                case SoundRecord.Start when _heard is null && IsWanted(format):
                    _heard = source;
                    break;
                case SoundRecord.Stop when ReferenceEquals(_heard, source):
                    _heard = null;
                    break;
                case SoundRecord.Frames when ReferenceEquals(_heard, source):
                    Write(_piece.AsSpan(0, count));
                    break;
            }
        }
    }

    private bool IsWanted(in SoundFormat format)
    {
        if (_format is null)
        {
            _format = format;
            Write(stackalloc byte[WavFormat.HeaderLength], isFrames: false);
        }

        if (_format == format)
            return true;
        if (!_hasTold)
            _tell($"{_name} has sound of {_format.Value.Rate} Hz and {_format.Value.Channels} channels only: what was played in another format is not in it");
        _hasTold = true;
        return false;
    }

    private void Write(ReadOnlySpan<byte> bytes, bool isFrames = true)
    {
        if (_length + bytes.Length > WavFormat.MaximumLength)
            return;
        try
        {
            _file.Write(bytes);
            _length += isFrames ? bytes.Length : 0;
        }
        catch (IOException error)
        {
            // The guest goes on; what was written is a whole file.
            if (!_hasTold)
                _tell($"{_name} cannot be written: {error.Message}");
            _hasTold = true;
        }
    }

    /// <summary>Keeps the lengths in the head right, so that the file is whole whenever it is looked at.</summary>
    private void WriteHeader()
    {
        if (_format is not { } format || !_file.CanSeek)
            return;
        Span<byte> header = stackalloc byte[WavFormat.HeaderLength];
        WavFormat.WriteHeader(header, format, _length);
        try
        {
            RandomAccess.Write(_file.SafeFileHandle, header, 0);
        }
        catch (IOException)
        {
            // Told when the frames could not be written.
        }
    }
}
