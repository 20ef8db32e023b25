using LiteDB;

namespace Hearth.Store;

/// <summary>Reads a whole store from a copy in memory before anything opens it: LiteDB changes files that it only looks at, and believes what is damaged.</summary>
internal static class StoreInspection
{
    /// <returns>The version of the schema; 0 where there is no store yet.</returns>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public static int Run(StorePaths paths)
    {
        try
        {
            using MemoryStream journal = JournalFile.ReadPages(paths.Journal);
            using MemoryStream data = ReadData(paths.Data);
            if (data.Length == 0 && journal.Length == 0)
                return 0;
            if (data.Length == 0)
                throw new StoreException($"{paths.Data} is gone, but not {paths.Journal}, which has changes to it: bring the first back, or move the second away to begin anew{Remedy(paths)}");
            return Read(data, journal);
        }
        catch (Exception error) when (error is not StoreException)
        {
            // What a parser that trusts its file throws at a damaged one is any exception at all.
            throw Damaged(paths, error);
        }
    }

    /// <summary>Reads a copy of a store as a whole.</summary>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public static void CheckCopy(string path)
    {
        if (!File.Exists(path))
            throw new StoreException($"there is no backup {path}");
        try
        {
            using MemoryStream data = ReadData(path);
            using var journal = new MemoryStream();
            if (Read(data, journal) == 0)
                throw new StoreException($"{path} is no backup of a house");
        }
        catch (Exception error) when (error is not StoreException)
        {
            throw new StoreException($"{path} is damaged, too ({error.Message.TrimEnd('.')}): try another backup", error);
        }
    }

    private static MemoryStream ReadData(string path)
    {
        var data = new MemoryStream();
        if (File.Exists(path))
            data.Write(File.ReadAllBytes(path));
        return data;
    }

    /// <returns>The version of the schema; 0 for a file that was only just begun.</returns>
    private static int Read(MemoryStream data, MemoryStream journal)
    {
        // LiteDB takes what is less than a page for nothing at all, and begins anew.
        if (data.Length < PageStream.PageSize)
            throw new InvalidDataException("it is cut off");
        using var database = new LiteDatabase(data, null, journal);
        int documents = database.GetCollectionNames().Sum(collection => database.GetCollection(collection).FindAll().Count());
        int version = Schema.Read(database);
        return version > 0 || documents == 0 ? version : throw new InvalidDataException("it has no schema");
    }

    private static StoreException Damaged(StorePaths paths, Exception error) => error is UnauthorizedAccessException
        ? new StoreException($"{paths.Data} cannot be read by this user: run hearth as the user who owns it", error)
        : new StoreException($"{paths.Data} is damaged and was left as it is{Remedy(paths)}", error);

    private static string Remedy(StorePaths paths) => paths.Copies is [var newest, ..]
        ? $"; the newest backup is {newest}: `hearth up --from-backup {newest}` goes on with it"
        : $"; there is no backup: move the files {Path.GetFileName(paths.Data)}* in {paths.Home} away to begin anew";
}
