using System.Globalization;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Runs;

/// <summary>Counts and groups what a run found. Shared by the threads of a run.</summary>
internal sealed class RunReport(int maxGroups = 40)
{
    private readonly Lock _lock = new();

    // All below are guarded by the lock.
    private readonly SortedDictionary<string, int> _ends = [];
    private readonly Dictionary<string, Group> _groups = [];
    private readonly HashSet<string> _notEncodable = [];
    private readonly HashSet<string> _tested = [];
    private readonly SortedDictionary<string, LeftOutTests> _leftOut = [];
    private long _tests;
    private long _inconclusive;
    private long _failures;

    public long Tests => _tests;

    public long Failures => _failures;

    /// <summary>Tests whose oracle run could not be used.</summary>
    public long Inconclusive => _inconclusive;

    /// <summary>Tests that this host cannot be asked.</summary>
    public long LeftOut
    {
        get
        {
            lock (_lock)
                return _leftOut.Values.Sum(tests => tests.Count);
        }
    }

    /// <summary>Forms of which at least one test was compared.</summary>
    public int Tested => _tested.Count;

    /// <summary>Whether there is room for further kinds of failures, so that shrinking is worth the time.</summary>
    public bool WantsMore
    {
        get
        {
            lock (_lock)
                return _groups.Count < maxGroups;
        }
    }

    public void AddTest(string subject, byte vector)
    {
        lock (_lock)
        {
            _tests++;
            _tested.Add(subject);
            string end = ExceptionVectors.Name(vector);
            _ends[end] = _ends.GetValueOrDefault(end) + 1;
        }
    }

    public void AddInconclusive()
    {
        lock (_lock)
            _inconclusive++;
    }

    /// <param name="subject">A form, or that it was a program.</param>
    /// <param name="reason">Why this host cannot be asked.</param>
    public void AddLeftOut(string subject, string reason)
    {
        lock (_lock)
        {
            if (!_leftOut.TryGetValue(reason, out LeftOutTests? tests))
                _leftOut.Add(reason, tests = new LeftOutTests());
            tests.Count++;
            tests.Subjects.Add(subject);
        }
    }

    public void AddNotEncodable(string subject)
    {
        lock (_lock)
            _notEncodable.Add(subject);
    }

    /// <param name="key">What failed; failures of one key and signature are one group.</param>
    /// <param name="reproduction">The arguments that run it again.</param>
    /// <param name="describe">Asked only for the first of a group.</param>
    public void AddFailure(string key, Failure failure, string reproduction, Func<string> describe)
    {
        lock (_lock)
        {
            _failures++;
            if (_groups.TryGetValue(key, out Group? group))
                group.Count++;
            else
                _groups.Add(key, new Group(failure, reproduction, describe()));
        }
    }

    public override string ToString()
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        Write(text);
        return text.ToString();
    }

    /// <summary>The report, most frequent failures first.</summary>
    public void Write(TextWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        lock (_lock)
        {
            foreach ((string key, Group group) in _groups.OrderByDescending(pair => pair.Value.Count).Take(maxGroups))
                WriteGroup(to, key, group);
            if (_groups.Count > maxGroups)
                to.WriteLine($"and failures of {_groups.Count - maxGroups} more kinds: {string.Join(' ', _groups.OrderByDescending(p => p.Value.Count).Skip(maxGroups).Take(400).Select(p => p.Key))}");
            if (_notEncodable.Count != 0)
                to.WriteLine($"without any encoding: {string.Join(' ', _notEncodable)}");
            foreach ((string reason, LeftOutTests tests) in _leftOut)
                WriteLeftOut(to, reason, tests);
            to.WriteLine("ended with: " + string.Join(", ", _ends.Select(pair => $"{pair.Key} {pair.Value}")));
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_tests} compared, {LeftOut} left out, {_inconclusive} inconclusive, {_failures} differ ({_groups.Count} kinds)"));
        }
    }

    private static void WriteLeftOut(TextWriter to, string reason, LeftOutTests tests)
    {
        const int Named = 12;
        string subjects = string.Join(' ', tests.Subjects.Take(Named));
        string more = tests.Subjects.Count > Named ? $" and {tests.Subjects.Count - Named} more" : "";
        to.WriteLine($"left out, {tests.Count} tests: {reason} ({subjects}{more})");
    }

    private static void WriteGroup(TextWriter to, string key, Group group)
    {
        to.WriteLine($"{group.Count}x {key} [{group.First.Subject}]");
        foreach (string difference in group.First.Differences)
            to.WriteLine($"    {difference}");
        to.Write(group.Description);
        to.WriteLine($"      again: {group.Reproduction}");
    }

    private sealed class LeftOutTests
    {
        public long Count { get; set; }

        public SortedSet<string> Subjects { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Group(Failure first, string reproduction, string description)
    {
        public Failure First { get; } = first;

        public string Reproduction { get; } = reproduction;

        public string Description { get; } = description;

        public int Count { get; set; } = 1;
    }
}
