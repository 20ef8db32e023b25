using System.Collections.Concurrent;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Hosting;
using Hearth.Vm.Running;
using Hearth.Vm.Tests.Running;

namespace Hearth.Vm.Tests.Hosting;

/// <summary>A hosted guest with the supervisor's end of its control channel. The test is the machine's thread: it takes each event when it wants to.</summary>
internal sealed class HostedRig : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-hosted-");
    private readonly MessageSocket _supervisor;
    private readonly BlockingCollection<GuestReport> _reports = [];
    private readonly Thread _listening;
    private int _number;
    private bool _isRunning;

    public HostedRig(bool asksBeforeWrites = true, bool isOpen = true)
    {
        Guest.Engine.AsksBeforeWrites = asksBeforeWrites;
        string path = Path.Combine(_folder.FullName, "control");
        var channel = new ControlChannel(FileDescriptor.ListenForMessages(path), () => Guest.Events.Post(new MachineEvent(MachineEventKind.Order)));
        Hosted = new HostedGuest(Guest.Machine, Guest.Events, channel, new HostingConfiguration(0), null, [], null);
        _supervisor = MessageSocket.Connect(path);
        _listening = new Thread(Listen) { IsBackground = true, Name = "supervisor" };
        _listening.Start();
        if (!isOpen)
            return;
        int greeting = Send(new GuestOrder(0, GuestOrderKind.Greet));
        Assert.True(Hosted.Open());
        _ = AnswerTo(greeting);
    }

    public TestGuestMachine Guest { get; } = new();

    public HostedGuest Hosted { get; }

    public bool IsRunning => _isRunning;

    public void Resume()
    {
        Guest.Machine.Resume();
        _isRunning = true;
    }

    /// <summary>Writes to a page as a device does.</summary>
    public void Write(long page, byte value) => Assert.True(Guest.Machine.Ram.TryWrite(new GuestAddress((ulong)page * PageSet.PageSize), [value]));

    /// <summary>Gives an order, which the next event is about.</summary>
    /// <returns>Its number.</returns>
    public int Send(GuestOrder order, params FileDescriptor[] files)
    {
        _supervisor.Send(ControlJson.Write(order with { Number = ++_number }), files);
        return _number;
    }

    /// <summary>Gives an order and has it carried out.</summary>
    /// <returns>Its number.</returns>
    public int Order(GuestOrderKind kind, long state = 0)
    {
        int number = Send(new GuestOrder(0, kind) { State = state });
        Act();
        return number;
    }

    /// <summary>Begins a save that counts from a state.</summary>
    /// <param name="isRead">Its stream is read; otherwise nobody takes what is sent.</param>
    public SaveStream BeginSave(long from = 0, bool isRead = true, params LayerOrder[] layers)
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        int number;
        using (far)
            number = Send(new GuestOrder(0, GuestOrderKind.Save) { Save = new SaveOrder(from, StaysPaused: false, layers) }, far);
        var stream = new SaveStream(near, number, isRead);
        Act();
        return stream;
    }

    /// <summary>Saves from the beginning to the end.</summary>
    public SaveStream Save(long from = 0)
    {
        SaveStream stream = BeginSave(from);
        Cut(TakeCut());
        Assert.Equal(GuestReportKind.Done, AnswerTo(stream.Number).Kind);
        stream.WaitForTheEnd();
        return stream;
    }

    public MachineEvent TakeCut()
    {
        MachineEvent happened = Guest.Events.Take();
        Assert.Equal(MachineEventKind.Cut, happened.Kind);
        return happened;
    }

    public void Cut(MachineEvent happened) => Hosted.Cut(happened.Save!, ref _isRunning);

    public void Act()
    {
        Assert.Equal(MachineEventKind.Order, Guest.Events.Take().Kind);
        Assert.Null(Hosted.Act(ref _isRunning));
    }

    /// <summary>Waits for the answer to an order, and leaves out what comes before it.</summary>
    public GuestReport AnswerTo(int number)
    {
        GuestReport report = NextReport();
        while (report.Answers != number)
            report = NextReport();
        return report;
    }

    public GuestReport NextReport()
    {
        Assert.True(_reports.TryTake(out GuestReport? report, s_limit), "The guest's process said nothing.");
        return report;
    }

    public void Dispose()
    {
        Hosted.Dispose();
        Guest.Dispose();
        _supervisor.End();
        _listening.Join();
        _supervisor.Dispose();
        _reports.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Listen()
    {
        var buffer = new byte[MessageSocket.MaximumLength];
        while (_supervisor.Receive(buffer, out _) is > 0 and var length)
            _reports.Add(ControlJson.ReadReport(buffer.AsSpan(0, length)));
    }
}
