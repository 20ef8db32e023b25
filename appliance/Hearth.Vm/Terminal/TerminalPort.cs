using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Terminal;

/// <summary>
/// The host side of a serial port: output through an <see cref="OutputQueue"/>; input, where there is any, read by a thread
/// that takes out Hearth's own keys and offers the rest to the guest as fast as it takes it.
/// </summary>
internal sealed class TerminalPort : ICharacterPort, IDisposable
{
    private const int RetryMilliseconds = 2;
    private const int InputLength = 4096;

    private static readonly byte[] s_help =
        "\r\nCtrl-A X  end the guest\r\nCtrl-A A  send Ctrl-A\r\nCtrl-A H  this help\r\n"u8.ToArray();

    private readonly OutputQueue? _output;
    private readonly FileDescriptor? _input;
    private readonly Action _quit;
    private readonly EventDescriptor _stop = new();
    private readonly EscapeKeys _keys = new();
    private readonly byte[] _forGuest = new byte[InputLength];
    private Thread? _thread;
    private ICharacterReceiver? _receiver;

    /// <param name="output">Where the guest's bytes go, or null for nowhere; owned by the caller.</param>
    /// <param name="input">Where typed bytes come from, or null; owned by the caller.</param>
    /// <param name="quit">Called when Ctrl-A X was typed.</param>
    public TerminalPort(FileDescriptor? output, FileDescriptor? input, Action quit)
    {
        _output = output is null ? null : new OutputQueue(output);
        _input = input;
        _quit = quit;
    }

    public void Write(ReadOnlySpan<byte> data) => _output?.Write(data);

    public void Connect(ICharacterReceiver receiver) => _receiver = receiver;

    /// <summary>
    /// Begins to read what is typed. Not before the guest is in its first or restored state: what a device has received by then is gone.
    /// </summary>
    public void StartInput()
    {
        if (_input is null || _receiver is null)
            return;
        _thread = new Thread(ReadInput) { Name = "input", IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Signal();
        _thread?.Join();
        _output?.Dispose();
        _stop.Dispose();
    }

    private void ReadInput()
    {
        var typed = new byte[InputLength];
        while (true)
        {
            (bool hasInput, bool stopped) = Descriptors.WaitReadable(_input!, _stop);
            if (stopped || !hasInput)
                return;
            int count = ReadOnce(typed);
            if (count == 0 || !TryHandOver(typed.AsSpan(0, count)))
                return;
        }
    }

    private int ReadOnce(byte[] typed)
    {
        try
        {
            return _input!.Read(typed);
        }
        catch (LinuxException)
        {
            // The terminal has gone away; the guest goes on without a keyboard.
            return 0;
        }
    }

    /// <returns>False when this port is being disposed.</returns>
    private bool TryHandOver(ReadOnlySpan<byte> typed)
    {
        int count = 0;
        foreach (byte key in typed)
        {
            Act(_keys.Take(key, out byte? forGuest));
            if (forGuest is { } wanted)
                _forGuest[count++] = wanted;
        }

        ReadOnlySpan<byte> left = _forGuest.AsSpan(0, count);
        while (!left.IsEmpty)
        {
            left = left[_receiver!.Receive(left)..];
            if (!left.IsEmpty && IsStoppedWithin(RetryMilliseconds))
                return false;
        }

        return true;
    }

    private bool IsStoppedWithin(int milliseconds)
    {
        _stop.Wait(milliseconds * 1_000_000L);
        if (!_stop.TryTake())
            return false;
        _stop.Signal();
        return true;
    }

    private void Act(EscapeAction action)
    {
        if (action == EscapeAction.Quit)
            _quit();
        else if (action == EscapeAction.Help)
            Write(s_help);
    }
}
