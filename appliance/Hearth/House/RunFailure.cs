using Hearth.Running;

namespace Hearth.House;

/// <summary>What guests' processes throw, in the house's words.</summary>
internal static class RunFailure
{
    /// <summary>Asks something of the guests' processes.</summary>
    /// <exception cref="HouseException">It cannot be done.</exception>
    public static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (GuestRunException error)
        {
            throw new HouseException(Of(error.Failure), error.Message, error);
        }
    }

    /// <inheritdoc cref="AskAsync{T}"/>
    public static Task AskAsync(Func<Task> ask) => AskAsync(async () =>
    {
        await ask().ConfigureAwait(false);
        return true;
    });

    private static HouseFailure Of(GuestRunFailure failure) => failure switch
    {
        GuestRunFailure.NotFound => HouseFailure.StateNotFound,
        GuestRunFailure.WrongPhase => HouseFailure.WrongPhase,
        GuestRunFailure.Damaged => HouseFailure.Damaged,
        _ => HouseFailure.Host,
    };
}
