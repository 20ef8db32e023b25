using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>One try to start a jail, with the descriptors that it takes.</summary>
internal sealed class JailLaunch : IDisposable
{
    private readonly JailRequest _request;
    private readonly LandlockRules? _rules = LandlockRules.Probe();
    private readonly List<IDisposable> _owned = [];
    private readonly LaunchProgram _program;
    private readonly FileDescriptor _nothing;
    private readonly FileDescriptor _programEnd;
    private readonly FileDescriptor _reportReader;
    private readonly FileDescriptor _reportWriter;
    private readonly JailNumbers _numbers;
    private readonly int _report;
    private readonly int _seal;
    private readonly int? _processes;

    /// <exception cref="LinuxException">The kernel refused a descriptor.</exception>
    public JailLaunch(JailRequest request)
    {
        _request = request;
        try
        {
            _program = Own(new LaunchProgram());
            _nothing = Own(FileDescriptor.Open("/dev/null", FileAccessMode.ReadWrite));
            FileDescriptor? cgroup = request.Cgroup is { } group ? Own(group.OpenProcesses()) : null;
            (FileDescriptor sealerEnd, _programEnd) = OwnBoth(FileDescriptor.CreateSocketPair());
            (_reportReader, _reportWriter) = OwnBoth(FileDescriptor.CreatePipe());
            List<JailDescriptor> given = Given();
            IEnumerable<int> here =
            [
                _program.Number, _reportReader.Number, _reportWriter.Number, sealerEnd.Number, cgroup?.Number ?? 0, .. given.Select(descriptor => descriptor.Descriptor.Number),
            ];
            _numbers = new JailNumbers(here, given.Select(descriptor => descriptor.Number));
            _report = _numbers.Carry(_reportWriter.Number);
            _seal = _numbers.Carry(sealerEnd.Number);
            _processes = cgroup is null ? null : _numbers.Carry(cgroup.Number);
            foreach (JailDescriptor descriptor in given)
                _numbers.Give(descriptor.Descriptor.Number, descriptor.Number);
        }
        catch (LinuxException)
        {
            Dispose();
            throw;
        }
    }

    /// <param name="obstacle">Why this host gives no namespaces.</param>
    /// <returns>Null when it gives none.</returns>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public JailedProcess? TryStart(out string? obstacle)
    {
        LaunchScript script = new JailScript(_request, _report, _rules).WithNamespaces(_seal, _processes, _numbers.Places);
        (int first, LaunchReport report) = Run(script);
        obstacle = report.Fatal is { Step.Layer: JailLayers.Namespaces } failure ? Sentence(failure) : null;
        if (report.Fatal is null && report.Second is { } second)
            return Adopt(second, first, JailLayers.Namespaces | Layers(report), [.. Lacking(report)]);
        EndAll(first, report.Second);
        return obstacle is not null ? null : throw Error(report);
    }

    /// <param name="obstacle">Why there are no namespaces.</param>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public JailedProcess StartWithoutNamespaces(string? obstacle)
    {
        LaunchScript script = new JailScript(_request, _report, _rules).WithoutNamespaces(_processes, _numbers.Places);
        (int only, LaunchReport report) = Run(script);
        if (report.Fatal is null)
            return Adopt(only, null, Layers(report), [obstacle ?? "no namespaces were asked for", .. Lacking(report)]);
        EndAll(only, null);
        throw Error(report);
    }

    public void Dispose() => _owned.ForEach(descriptor => descriptor.Dispose());

    private T Own<T>(T descriptor)
        where T : IDisposable
    {
        _owned.Add(descriptor);
        return descriptor;
    }

    private (FileDescriptor First, FileDescriptor Second) OwnBoth((FileDescriptor First, FileDescriptor Second) pair) => (Own(pair.First), Own(pair.Second));

    /// <summary>What the program is to have: what it was given, its end of the seal socket, and nothing for the standard descriptors that are left.</summary>
    private List<JailDescriptor> Given()
    {
        const int StandardDescriptors = 3;
        List<JailDescriptor> given = [.. _request.Descriptors, new JailDescriptor(_programEnd, _request.SealNumber)];
        int[] taken = [.. given.Select(descriptor => descriptor.Number)];
        given.AddRange(Enumerable.Range(0, StandardDescriptors).Except(taken).Select(number => new JailDescriptor(_nothing, number)));
        return given;
    }

    private (int First, LaunchReport Report) Run(LaunchScript script)
    {
        int first = _program.Spawn(script, _numbers.Moves);

        // The reader sees the end when the script's processes have closed theirs, too.
        _reportWriter.Dispose();
        return (first, LaunchReport.Read(script, _reportReader));
    }

    private static JailedProcess Adopt(int program, int? sealer, JailLayers layers, IReadOnlyList<string> lacking)
    {
        ProcessHandle? process = null;
        try
        {
            process = ProcessHandle.Open(program);
            return new JailedProcess(process, sealer is { } id ? ProcessHandle.Open(id) : null, layers, lacking);
        }
        catch (LinuxException)
        {
            process?.Dispose();
            EndAll(program, sealer);
            throw;
        }
    }

    private JailLayers Layers(LaunchReport report)
    {
        JailLayers tried = JailLayers.NoCapabilities | JailLayers.NoNewPrivileges | JailLayers.ResourceLimits
            | (_request.User is null ? 0 : JailLayers.OwnUser)
            | (_request.Cgroup is null ? 0 : JailLayers.Cgroup)
            | (_rules?.Layers ?? 0);
        return report.Failures.Aggregate(tried, (layers, failure) => layers & ~failure.Step.Layer);
    }

    private IEnumerable<string> Lacking(LaunchReport report)
    {
        if (_rules is null)
            yield return "cannot apply the file rules: the kernel has no Landlock";
        foreach ((LaunchStep Step, int ErrorNumber) failure in report.Failures)
            yield return Sentence(failure);
    }

    private static LinuxException Error(LaunchReport report) => report.Fatal is { } fatal
        ? new LinuxException(fatal.Step.Attempt, fatal.ErrorNumber)
        : new LinuxException("the process that makes a jail ended before it was done");

    private static string Sentence((LaunchStep Step, int ErrorNumber) failure) => new LinuxException(failure.Step.Attempt, failure.ErrorNumber).Message;

    private static void EndAll(int one, int? other)
    {
        if (other is { } id)
            ProcessImage.End(id);
        ProcessImage.End(one);
    }
}
