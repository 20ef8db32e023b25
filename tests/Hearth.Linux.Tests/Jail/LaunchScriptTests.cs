using Hearth.Linux.Jail;
using Call = Hearth.Linux.Interop.SystemCallNumber;

namespace Hearth.Linux.Tests.Jail;

/// <summary>Small scripts, run.</summary>
public sealed class LaunchScriptTests : IDisposable
{
    private const int Report = 300;
    private const ulong BadDescriptor = 999;
    private const int BadDescriptorError = 9;

    private readonly FileDescriptor _reader;
    private readonly FileDescriptor _writer;
    private readonly LaunchScript _script = new(Report);

    public LaunchScriptTests() => (_reader, _writer) = FileDescriptor.CreateSocketPair();

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    [Fact]
    public void Code_isSmall() => Assert.InRange(LaunchCode.Bytes.Length, 1, 150);

    [Fact]
    public void Step_thatMustSucceed_endsTheScriptAndTellsItsError()
    {
        _script.Add("cannot close it", Call.close, BadDescriptor);
        _script.Add("not reached", Call.exit_group, 1);

        (LaunchReport report, ProcessEnding? ending) = Run();

        Assert.Equal(("cannot close it", BadDescriptorError), (report.Fatal?.Step.Attempt, report.Fatal?.ErrorNumber));
        Assert.Equal(new ProcessEnding(7, 0), ending);
    }

    [Fact]
    public void Step_thatNeedNotSucceed_goesOnAtItsLabel()
    {
        var after = new LaunchLabel();
        _script.Add(new LaunchStep("cannot close it", Call.close, BadDescriptor) { OnFailure = after, Layer = JailLayers.FileRules });
        _script.Add("skipped", Call.exit_group, 1);
        _script.Mark(after);
        _script.Add("cannot end", Call.exit_group, 3);

        (LaunchReport report, ProcessEnding? ending) = Run();

        Assert.Null(report.Fatal);
        Assert.Equal([("cannot close it", BadDescriptorError)], report.Failures.Select(failure => (failure.Step.Attempt, failure.ErrorNumber)));
        Assert.Equal(new ProcessEnding(3, 0), ending);
    }

    [Fact]
    public void Result_ofAStep_isAnArgumentOfALaterOne()
    {
        var write = new LaunchStep("cannot write", Call.write, 0, _script.Text("x"), 1);
        _script.Add(new LaunchStep("cannot duplicate", Call.dup, Report) { Feeds = write });
        _script.Add(write);
        _script.Add("cannot end", Call.exit_group, 0);

        LaunchProgramEnd();

        var read = new byte[1];
        Assert.Equal(1, _reader.Read(read));
        Assert.Equal((byte)'x', read[0]);
    }

    [Fact]
    public void Result_ofZero_branches()
    {
        var child = new LaunchLabel();
        ulong id = _script.Words(0);
        _script.Add(new LaunchStep("cannot clone", Call.clone, 17) { Result = id, OnZero = child });
        _script.Add("cannot tell", Call.write, Report, id, sizeof(ulong));
        _script.Add("cannot wait", Call.wait4, ulong.MaxValue, 0, 0, 0);
        _script.Add("cannot end", Call.exit_group, 5);
        _script.Mark(child);
        _script.Add("cannot end", Call.exit_group, 0);

        (LaunchReport report, ProcessEnding? ending) = Run();

        Assert.True(report.Second > 0);
        Assert.Null(report.Fatal);
        Assert.Equal(new ProcessEnding(5, 0), ending);
    }

    [Fact]
    public void Descriptors_areThoseThatWereMoved()
    {
        const int GetFlags = 1; // F_GETFD
        _script.Add("open", Call.fcntl, Report, GetFlags);
        _script.Add("closed", Call.fcntl, (ulong)_reader.Number, GetFlags);

        (LaunchReport report, _) = Run();

        Assert.Equal(("closed", BadDescriptorError), (report.Fatal?.Step.Attempt, report.Fatal?.ErrorNumber));
    }

    [Fact]
    public void Label_withoutAPlace_isRefused()
    {
        _script.Add(new LaunchStep("cannot", Call.getpid) { OnFailure = new LaunchLabel() });

        Assert.Throws<InvalidOperationException>(() => _script.ToProgram());
    }

    private (LaunchReport Report, ProcessEnding? Ending) Run()
    {
        using ProcessHandle process = Start();
        _writer.Dispose();
        LaunchReport report = LaunchReport.Read(_script, _reader);
        Assert.True(process.WaitEnded(TimeSpan.FromSeconds(10)));
        return (report, process.TryReap());
    }

    private void LaunchProgramEnd()
    {
        using ProcessHandle process = Start();
        Assert.True(process.WaitEnded(TimeSpan.FromSeconds(10)));
        Assert.Equal(new ProcessEnding(0, 0), process.TryReap());
    }

    private ProcessHandle Start()
    {
        _script.Mark(_script.End);
        _script.Add(new LaunchStep("cannot end", Call.exit_group, 7) { OnFailure = _script.End });
        using var program = new LaunchProgram();
        return ProcessHandle.Open(program.Spawn(_script, [(_writer.Number, Report)]));
    }
}
