using System.Globalization;

namespace Hearth.Store;

/// <summary>Goes back to a copy of the store. What was there is kept under another name.</summary>
internal static class StoreReturn
{
    /// <param name="backup">One of the copies that Hearth makes.</param>
    /// <exception cref="StoreException">It cannot be read; nothing was changed.</exception>
    public static void To(string backup, StorePaths paths, DateTimeOffset now)
    {
        StoreInspection.CheckCopy(backup);
        string suffix = string.Create(CultureInfo.InvariantCulture, $".replaced-{now.UtcDateTime:yyyy-MM-dd'T'HHmmss}");
        string provisional = paths.Data + StorePaths.Provisional;
        try
        {
            StorePaths.Copy(backup, provisional);

            // The journal belongs to the store that goes, and would be taken for the other one's.
            foreach (string file in new[] { paths.Journal, paths.Data }.Where(File.Exists))
                File.Move(file, file + suffix);
            File.Move(provisional, paths.Data);
            StorePaths.Synchronize(paths.Home);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{backup} cannot be put in the place of {paths.Data}: {error.Message.TrimEnd('.')}", error);
        }
    }
}
