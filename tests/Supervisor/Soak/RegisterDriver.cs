using Hearth.Api;
using Hearth.House;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>Brings guests into the house and takes them out again, until the daemon is gone.</summary>
internal sealed class RegisterDriver(DaemonHouse house, GuestDefinition like, Random random)
{
    private readonly HashSet<string> _there = [];
    private string? _doubtful;
    private int _last;

    public async Task RunAsync()
    {
        try
        {
            while (true)
                await StepAsync();
        }
        catch (Exception error) when (error is UsageException or HttpRequestException or IOException or OperationCanceledException or System.Text.Json.JsonException)
        {
            // The daemon is gone.
        }
    }

    /// <returns>What is missing, or is there though it was removed.</returns>
    public IReadOnlyList<string> Compare(IEnumerable<string> names)
    {
        HashSet<string> found = [.. names.Where(name => name.StartsWith("extra-", StringComparison.Ordinal))];
        string[] faults = [.. _there.Where(name => name != _doubtful).Except(found).Select(name => $"{name} is lost"), .. found.Except(_there).Where(name => name != _doubtful).Select(name => $"{name} was removed")];
        _there.Clear();
        _there.UnionWith(found);
        _doubtful = null;
        return faults;
    }

    private async Task StepAsync()
    {
        if (_there.Count > 3)
        {
            _doubtful = _there.ElementAt(random.Next(_there.Count));
            await house.Client.DoAsync(HttpMethod.Delete, $"/v1/guests/{_doubtful}");
            _there.Remove(_doubtful);
        }
        else
        {
            _doubtful = FormattableString.Invariant($"extra-{++_last}");
            _ = await house.AddAsync(like with { Name = _doubtful });
            _there.Add(_doubtful);
        }

        _doubtful = null;
        await Task.Delay(random.Next(30));
    }
}
