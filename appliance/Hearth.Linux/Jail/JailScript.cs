using System.Globalization;
using Hearth.Linux.Interop;
using Call = Hearth.Linux.Interop.SystemCallNumber;

namespace Hearth.Linux.Jail;

/// <summary>
/// Writes the script that makes a jail. Its first process stays outside of the file rules and has the rights that empty the root later; the
/// second one becomes the program. Without namespaces there is only one, which becomes the program itself.
/// </summary>
/// <remarks>
/// Order matters: the user changes while this is still root; the map of users needs the process to be dumpable, which a change of user ends;
/// capabilities are dropped when nothing is left to be mounted; and the file rules come last, for they forbid to move mounts.
/// </remarks>
internal sealed class JailScript
{
    /// <summary>A set of capabilities has 64 bits. The call beyond the last that this kernel has (/proc/sys/kernel/cap_last_cap) fails, which ends the row of them.</summary>
    private const int LastCapability = 63;

    private readonly JailRequest _request;
    private readonly LandlockRules? _rules;
    private readonly int _report;
    private readonly LaunchScript _script;

    /// <param name="report">The number of the descriptor that failures are told on.</param>
    /// <param name="rules">Null where there is no Landlock.</param>
    public JailScript(JailRequest request, int report, LandlockRules? rules)
    {
        _request = request;
        _rules = rules;
        _report = report;
        _script = new LaunchScript(report);
    }

    /// <summary>With namespaces: one process for the seal, and one for the program.</summary>
    /// <param name="seal">The number of the first process's end of the seal socket.</param>
    /// <param name="cgroup">The number of an open <c>cgroup.procs</c>, or null.</param>
    /// <param name="places">See <see cref="JailNumbers.Places"/>.</param>
    public LaunchScript WithNamespaces(int seal, int? cgroup, IReadOnlyList<(int From, int To)> places)
    {
        var program = new LaunchLabel();
        Begin(cgroup);
        BecomeUser();
        Enter();
        CoverRootFolder();
        ulong id = _script.Words(0);
        _script.Add(new LaunchStep("cannot start the process", Call.clone, Libc.CLONE_PARENT | Libc.SIGCHLD) { Result = id, OnZero = program });
        _script.Add("cannot tell of the process", Call.write, (ulong)_report, id, sizeof(ulong));
        WaitAndEmptyRoot(seal);
        _script.Mark(program);
        Become(places, NamespacedSteps);
        return Finish();
    }

    /// <summary>Where the host allows no namespaces.</summary>
    /// <inheritdoc cref="WithNamespaces"/>
    public LaunchScript WithoutNamespaces(int? cgroup, IReadOnlyList<(int From, int To)> places)
    {
        Begin(cgroup);
        DropBoundingSet();
        BecomeUser();
        Become(places, () => LimitThreads(hasNamespace: false));
        return Finish();
    }

    private void Begin(int? cgroup)
    {
        const ulong OnlyMine = 0x3F; // 077
        ulong noDump = _script.Words(0, 0);
        _script.Add("cannot begin a session", Call.setsid);
        if (cgroup is { } number)
            Add(JailLayers.Cgroup, "cannot enter the cgroup", Call.write, (ulong)number, _script.Text("0"), 1);
        _script.Add("cannot set the mask of new files", Call.umask, OnlyMine);
        _script.Add("cannot forbid core dumps", Call.prlimit64, 0, Libc.RLIMIT_CORE, noDump, 0);
    }

    private void BecomeUser()
    {
        if (_request.User is { } user)
        {
            _script.Add("cannot leave the groups", Call.setgroups, 0, 0);
            _script.Add("cannot become the guest's group", Call.setresgid, user.GroupId, user.GroupId, user.GroupId);
            _script.Add("cannot become the guest's user", Call.setresuid, user.UserId, user.UserId, user.UserId);
        }

        // Files in /proc/self belong to root otherwise, and the map of users could not be written (PR_SET_DUMPABLE(2const)).
        _script.Add("cannot own its entry in /proc", Call.prctl, Libc.PR_SET_DUMPABLE, 1);
    }

    private void Enter()
    {
        const ulong All = (ulong)(Libc.CLONE_NEWUSER | Libc.CLONE_NEWNS | Libc.CLONE_NEWNET | Libc.CLONE_NEWIPC | Libc.CLONE_NEWUTS
            | Libc.CLONE_NEWCGROUP | Libc.CLONE_NEWPID);
        (uint user, uint group) = _request.User is { } own ? (own.UserId, own.GroupId) : (Libc.geteuid(), Libc.getegid());
        Add(JailLayers.Namespaces, "cannot make namespaces", Call.unshare, All);

        // One who had no right to change groups must give up that right for good before mapping his own (user_namespaces(7)).
        WriteFile("/proc/self/setgroups", "deny", JailLayers.Namespaces);
        WriteFile("/proc/self/uid_map", string.Create(CultureInfo.InvariantCulture, $"{user} {user} 1\n"), JailLayers.Namespaces);
        WriteFile("/proc/self/gid_map", string.Create(CultureInfo.InvariantCulture, $"{group} {group} 1\n"), JailLayers.Namespaces);

        // In a namespace within this one it would have all capabilities again, over itself: a way to more of the kernel.
        WriteFile("/proc/sys/user/max_user_namespaces", "0\n", JailLayers.NoCapabilities);
    }

    private void WriteFile(string path, string text, JailLayers layer)
    {
        ulong address = _script.Text(text);
        string attempt = $"cannot write {path}";
        var done = new LaunchLabel();
        LaunchLabel? onFailure = layer == JailLayers.Namespaces ? null : done;
        var write = new LaunchStep(attempt, Call.write, 0, address, (ulong)text.Length) { Layer = layer, OnFailure = onFailure };

        // What is opened is closed with everything else.
        _script.Add(new LaunchStep(attempt, Call.open, _script.Text(path), Libc.O_WRONLY) { Layer = layer, OnFailure = onFailure, Feeds = write });
        _script.Add(write);
        _script.Mark(done);
    }

    private void CoverRootFolder()
    {
        const ulong Empty = Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC;
        ulong folder = _script.Text(_request.RootFolder);
        ulong kind = _script.Text("tmpfs");

        // One page, and no inode beside the directory's own (tmpfs(5)).
        ulong options = _script.Text("size=4k,nr_inodes=1,mode=0555");
        Add(JailLayers.Namespaces, "cannot keep mounts to itself", Call.mount, 0, _script.Text("/"), 0, Libc.MS_REC | Libc.MS_PRIVATE);
        Add(JailLayers.Namespaces, $"cannot mount an empty root on {_request.RootFolder}", Call.mount, kind, folder, kind, Empty, options);
        Add(JailLayers.Namespaces, $"cannot enter {_request.RootFolder}", Call.chdir, folder);
    }

    /// <summary>
    /// pivot_root(2) moves the root of every process that has the old one, so of the program too, which has no capability for it. The working
    /// directory is the new root from here on, and after the call the old one lies over it: NOTES, <c>pivot_root(".", ".")</c>.
    /// </summary>
    private void WaitAndEmptyRoot(int seal)
    {
        const ulong ReadOnly = Libc.MS_REMOUNT | Libc.MS_BIND | Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC;
        const string Attempt = "cannot empty the root";
        ulong here = _script.Text(".");
        ulong answer = _script.Words(0);

        // From here on failures are told to the program; the pipe to the starting process ends with that.
        _script.Add("cannot take the seal socket", Call.dup3, (ulong)seal, (ulong)_report, 0);
        CloseAllBut([_report]);
        _script.Add(new LaunchStep("cannot wait for the program", Call.read, (ulong)_report, answer, 1) { OnZero = _script.End });
        _script.Add(Attempt, Call.pivot_root, here, here);
        _script.Add(Attempt, Call.umount2, here, Libc.MNT_DETACH);
        _script.Add(Attempt, Call.mount, 0, _script.Text("/"), 0, ReadOnly);
        _script.Add("cannot answer the program", Call.write, (ulong)_report, _script.Words(0), sizeof(ulong));
        _script.Add("cannot end", Call.exit_group, JailedProcess.SealedCode);
    }

    private void Become(IReadOnlyList<(int From, int To)> places, Action confine)
    {
        ulong descriptors = (ulong)Math.Max(_request.Limits.Descriptors, places.Max(place => place.To) + 1);
        _script.Add("cannot leave the folder", Call.chdir, _script.Text("/"));
        foreach ((int from, int to) in places)
            _script.Add($"cannot give descriptor {to}", Call.dup3, (ulong)from, (ulong)to, 0);
        CloseAllBut([.. places.Select(place => place.To).Order(), _report]);
        Add(JailLayers.ResourceLimits, "cannot limit descriptors", Call.prlimit64, 0, Libc.RLIMIT_NOFILE, _script.Words(descriptors, descriptors), 0);
        confine();
        DropCapabilities();
        Add(JailLayers.NoNewPrivileges, "cannot forbid new privileges", Call.prctl, Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        ApplyRules();
        _script.Add("cannot close the report", Call.fcntl, (ulong)_report, Libc.F_SETFD, Libc.FD_CLOEXEC);
        _script.Add(
            $"cannot execute {_request.Program}", Call.execve, _script.Text(_request.Program), _script.Texts(_request.Arguments), _script.Texts(_request.Environment));
    }

    private void NamespacedSteps()
    {
        // Its own session, whatever the first process's is; as the first process of its namespace it begins one anew.
        _script.Add("cannot begin a session", Call.setsid);
        LimitThreads(hasNamespace: true);
        DropBoundingSet();
        LockSecureBits();
    }

    private void LimitThreads(bool hasNamespace)
    {
        if (!hasNamespace && _request.User is null)
            return;
        var threads = (ulong)_request.Limits.Threads;
        Add(JailLayers.ResourceLimits, "cannot limit threads", Call.prlimit64, 0, Libc.RLIMIT_NPROC, _script.Words(threads, threads), 0);
    }

    private void DropBoundingSet()
    {
        var done = new LaunchLabel();
        for (ulong capability = 0; capability <= LastCapability; capability++)
            _script.Add(new LaunchStep(Attempt(capability), Call.prctl, Libc.PR_CAPBSET_DROP, capability, 0, 0, 0) { OnFailure = done, Layer = capability == 0 ? JailLayers.NoCapabilities : 0 });
        _script.Mark(done);

        static string Attempt(ulong capability) => capability == 0 ? "cannot drop the bounding set" : "no more capabilities";
    }

    private void LockSecureBits()
    {
        // NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE with their locks, and the lock of KEEP_CAPS (capabilities(7)).
        const ulong All = 0xEF;
        Add(JailLayers.NoCapabilities, "cannot lock the securebits", Call.prctl, Libc.PR_SET_SECUREBITS, All, 0, 0, 0);
    }

    private void DropCapabilities()
    {
        ulong header = _script.Words(Libc.LINUX_CAPABILITY_VERSION_3);
        ulong none = _script.Words(0, 0, 0);
        Add(JailLayers.NoCapabilities, "cannot clear the ambient capabilities", Call.prctl, Libc.PR_CAP_AMBIENT, Libc.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        _script.Add("cannot drop the capabilities", Call.capset, header, none);
    }

    private void ApplyRules()
    {
        if (_rules is null)
            return;
        const string Attempt = "cannot apply the file rules";
        ulong attribute = _script.Words(_rules.Attribute);
        var done = new LaunchLabel();
        var restrict = new LaunchStep(Attempt, Call.landlock_restrict_self, 0, 0) { OnFailure = done, Layer = _rules.Layers };
        var length = (ulong)(_rules.Attribute.Length * sizeof(ulong));
        _script.Add(new LaunchStep(Attempt, Call.landlock_create_ruleset, attribute, length, 0) { OnFailure = done, Layer = _rules.Layers, Feeds = restrict });
        _script.Add(restrict);
        _script.Mark(done);
    }

    /// <param name="kept">In ascending order.</param>
    private void CloseAllBut(IEnumerable<int> kept)
    {
        ulong next = 0;
        foreach (ulong number in kept.Select(number => (ulong)number))
        {
            if (number > next)
                _script.Add("cannot close descriptors", Call.close_range, next, number - 1, 0);
            next = number + 1;
        }

        _script.Add("cannot close descriptors", Call.close_range, next, uint.MaxValue, 0);
    }

    /// <summary>A step of a layer: those of <see cref="JailLayers.Namespaces"/> end the script, and it is tried again without; after others it goes on.</summary>
    private void Add(JailLayers layer, string attempt, int number, params ReadOnlySpan<ulong> arguments)
    {
        LaunchLabel? next = null;
        if (layer != JailLayers.Namespaces)
            next = new LaunchLabel { Step = _script.Steps.Count + 1 };
        _script.Add(new LaunchStep(attempt, number, arguments) { Layer = layer, OnFailure = next });
    }

    private LaunchScript Finish()
    {
        const ulong Failure = 1;
        _script.Mark(_script.End);
        var again = new LaunchLabel { Step = _script.Steps.Count };
        _script.Add(new LaunchStep("cannot end", Call.exit_group, Failure) { OnFailure = again });
        return _script;
    }
}
