using Hearth.Api.Messages;
using Hearth.Store;

namespace Hearth.Api;

/// <summary>What there is to tell of a house, whether it is up or not.</summary>
internal static class HouseInspection
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public static HouseFacts Run(HomeFolder home)
    {
        var paths = new StorePaths(home.Path);
        string? backup = paths.Backups is [var newest, ..] ? newest : null;
        return Ask(home) is { } status
            ? new HouseFacts(home.Path, true, status.Guests, status.Running, "in use", backup)
            : new HouseFacts(home.Path, false, null, null, Look(home, paths), backup);
    }

    private static StatusMessage? Ask(HomeFolder home)
    {
        try
        {
            using var client = new ApiClient(home, s_patience);
            return client.GetAsync("/v1/status", ApiJson.Client.StatusMessage).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is UsageException or ApiException or OperationCanceledException)
        {
            return null;
        }
    }

    private static string Look(HomeFolder home, StorePaths paths)
    {
        if (!Directory.Exists(home.Path))
            return "none yet";
        try
        {
            return StoreInspection.Run(paths) is > 0 and var version ? $"whole, schema {version}" : "none yet";
        }
        catch (StoreException error)
        {
            return error.Message;
        }
    }
}
