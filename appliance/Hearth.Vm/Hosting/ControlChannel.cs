using System.Collections.Concurrent;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Hosting;

/// <summary>
/// The way to the supervisor: takes its orders and gives it the answers. It may go away and come back as another process; the newest connection counts. Nothing that comes over it
/// ends this process: a malformed message ends the connection.
/// </summary>
/// <remarks>The last connection stays open when this is disposed: it ends with the process, and whoever waits for that end hears it so.</remarks>
internal sealed class ControlChannel : IDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(1);

    private readonly FileDescriptor _listener;
    private readonly Action _arrived;
    private readonly ConcurrentQueue<ReceivedOrder> _orders = new();
    private readonly ManualResetEventSlim _announced = new();
    private readonly ManualResetEventSlim _greeted = new();
    private readonly Lock _sending = new();
    private readonly Thread _thread;

    // Under _sending.
    private MessageSocket? _connection;
    private volatile Func<Greeting>? _greeting;
    private volatile bool _isUnwanted;
    private volatile bool _isEnding;

    /// <param name="listener">Where the supervisor connects; owned from now on.</param>
    /// <param name="arrived">Called when there is an order to take.</param>
    public ControlChannel(FileDescriptor listener, Action arrived)
    {
        _listener = listener;
        _arrived = arrived;
        _thread = new Thread(Run) { IsBackground = true, Name = "control" };
        _thread.Start();
    }

    /// <summary>What the supervisor is told when it greets, and the descriptors for it, which stay the caller's.</summary>
    public sealed record Greeting(GuestGreeting Message, FileDescriptor[] Files);

    /// <summary>From now on the supervisor's greeting is answered.</summary>
    public void Announce(Func<Greeting> greeting)
    {
        _greeting = greeting;
        _announced.Set();
    }

    /// <summary>Waits until a supervisor has been answered.</summary>
    /// <returns>False when one has come that does not greet, but ends this process: it was started by one before, which could not note that any more.</returns>
    public bool WaitUntilGreeted()
    {
        _greeted.Wait();
        return !_isUnwanted;
    }

    public bool TryTake(out ReceivedOrder? order) => _orders.TryDequeue(out order);

    public void Done(GuestOrder order, SaveReport? save = null) => Send(new GuestReport(order.Number, GuestReportKind.Done) { Save = save });

    public void Refuse(GuestOrder order, string sentence) => Send(new GuestReport(order.Number, GuestReportKind.Refused) { Sentence = sentence });

    public void Tell(GuestReportKind kind, GuestCause cause, string? sentence) => Send(new GuestReport(0, kind) { Cause = cause, Sentence = sentence });

    public void Dispose()
    {
        _isEnding = true;
        _announced.Set();
        lock (_sending)
            _connection?.EndReceiving();
        _thread.Join();
        while (_orders.TryDequeue(out ReceivedOrder? order))
            order.Dispose();
        _listener.Dispose();
        _greeted.Dispose();
        _announced.Dispose();
    }

    private void Send(GuestReport report, params ReadOnlySpan<FileDescriptor> files)
    {
        lock (_sending)
        {
            try
            {
                _connection?.Send(ControlJson.Write(report), files);
            }
            catch (LinuxException)
            {
                // Whoever asked is gone; the next one asks anew.
            }
        }
    }

    private void Run()
    {
        var buffer = new byte[MessageSocket.MaximumLength];
        while (!_isEnding)
        {
            // An order comes at once; whether somebody else has connected is looked at between them.
            if (Descriptors.WaitReadable(_listener, _connection is null ? s_pace : TimeSpan.Zero) && MessageSocket.TryAccept(_listener) is { } another)
                Adopt(another);
            if (_connection is { } connection && connection.Wait(s_pace) && !TryReceive(connection, buffer) && !_isEnding)
                Adopt(null);
        }
    }

    private void Adopt(MessageSocket? connection)
    {
        lock (_sending)
        {
            _connection?.Dispose();
            _connection = connection;
        }
    }

    /// <returns>False when the connection is at its end.</returns>
    private bool TryReceive(MessageSocket connection, byte[] buffer)
    {
        FileDescriptor[] files = [];
        try
        {
            int length = connection.Receive(buffer, out files);
            if (length == 0)
                return false;
            GuestOrder order = ControlJson.ReadOrder(buffer.AsSpan(0, length));
            if (order.Kind == GuestOrderKind.Greet)
            {
                Greet(order);
                return true;
            }

            if (order.Kind == GuestOrderKind.End && !_greeted.IsSet)
            {
                _isUnwanted = true;
                _greeted.Set();
            }

            _orders.Enqueue(new ReceivedOrder(order, files));
            files = [];
            _arrived();
            return true;
        }
        catch (Exception error) when (error is FormatException or LinuxException)
        {
            return false;
        }
        finally
        {
            foreach (FileDescriptor file in files)
                file.Dispose();
        }
    }

    /// <summary>Answered here and not by the machine's thread, which may wait for just that.</summary>
    private void Greet(GuestOrder order)
    {
        _announced.Wait();
        if (_greeting?.Invoke() is not { } greeting)
            return;
        Send(new GuestReport(order.Number, GuestReportKind.Done) { Greeting = greeting.Message }, greeting.Files);
        _greeted.Set();
    }
}
