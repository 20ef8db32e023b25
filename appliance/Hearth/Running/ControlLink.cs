using System.Collections.Concurrent;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Running;

/// <summary>The connection to one guest's process: orders and their answers, and what it says by itself. From any thread.</summary>
internal sealed class ControlLink : IDisposable
{
    private readonly MessageSocket _socket;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<ControlAnswer>> _waiting = new();
    private readonly Action<GuestReport> _told;
    private readonly Lock _sending = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private int _number;

    /// <param name="path">Where the process listens.</param>
    /// <param name="told">Takes what nobody asked for.</param>
    /// <exception cref="LinuxException">Nobody listens there.</exception>
    public ControlLink(string path, Action<GuestReport> told)
    {
        _socket = MessageSocket.Connect(path);
        _told = told;
        _thread = new Thread(Listen) { IsBackground = true, Name = $"control {Path.GetFileName(path)}" };
        _thread.Start();
    }

    /// <summary>Done when the process has ended, and has let go of all that it had; or when it has closed this.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Sends an order and waits for the answer.</summary>
    /// <param name="limit">How long the answer may take.</param>
    /// <exception cref="GuestRunException">It refused, is gone, or did not answer in time.</exception>
    public async Task<ControlAnswer> AskAsync(GuestOrder order, TimeSpan limit, CancellationToken cancellation, params FileDescriptor[] files)
    {
        int number = Interlocked.Increment(ref _number);
        var answer = new TaskCompletionSource<ControlAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[number] = answer;
        try
        {
            Send(ControlJson.Write(order with { Number = number }), files);
            ControlAnswer got = await answer.Task.WaitAsync(limit, cancellation).ConfigureAwait(false);
            if (got.Report.Kind != GuestReportKind.Refused)
                return got;
            got.Dispose();
            throw new GuestRunException(got.Report.Sentence ?? "the guest's process refused");
        }
        catch (TimeoutException error)
        {
            throw new GuestRunException("the guest's process does not answer", GuestRunFailure.Host, error);
        }
        finally
        {
            _waiting.TryRemove(number, out _);
        }
    }

    /// <summary>Sends an order and waits for nothing.</summary>
    /// <exception cref="GuestRunException">The process is gone.</exception>
    public void Tell(GuestOrder order) => Send(ControlJson.Write(order), []);

    public void Dispose()
    {
        _socket.End();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _socket.Dispose();
    }

    private void Send(byte[] message, FileDescriptor[] files)
    {
        lock (_sending)
        {
            try
            {
                _socket.Send(message, files);
            }
            catch (LinuxException error)
            {
                throw new GuestRunException("the guest's process is gone", GuestRunFailure.Host, error);
            }
        }
    }

    private void Listen()
    {
        var buffer = new byte[MessageSocket.MaximumLength];
        FileDescriptor[] files = [];
        try
        {
            while (_socket.Receive(buffer, out files) is > 0 and var length)
            {
                GuestReport report = ControlJson.ReadReport(buffer.AsSpan(0, length));
                Take(report, files);
                files = [];
            }
        }
        catch (Exception error) when (error is LinuxException or FormatException)
        {
            // Whatever it is that talks like this, it is not listened to any longer.
        }
        finally
        {
            foreach (FileDescriptor file in files)
                file.Dispose();
        }

        foreach (TaskCompletionSource<ControlAnswer> answer in _waiting.Values)
            answer.TrySetException(new GuestRunException("the guest's process is gone"));
        _closed.SetResult();
    }

    private void Take(GuestReport report, FileDescriptor[] files)
    {
        var answer = new ControlAnswer(report, files);
        if (report.Answers != 0 && _waiting.TryRemove(report.Answers, out TaskCompletionSource<ControlAnswer>? waiting) && waiting.TrySetResult(answer))
            return;
        answer.Dispose();
        if (report.Answers == 0)
            _told(report);
    }
}
